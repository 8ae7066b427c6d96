from typing import Any

from ingestor.webhooks.envelope import signature
from tests.docs.markdown import ROOT, blocks


def test_the_page_verifies_a_signature() -> None:
    """With the very lines that it shows."""
    [code] = blocks((ROOT / "docs/webhooks.md").read_text(), "python")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own code

    is_from_portico = names["is_from_portico"]
    assert is_from_portico(b"{}", signature(b"{}", "a-secret"), "a-secret")
    assert not is_from_portico(b"{ }", signature(b"{}", "a-secret"), "a-secret")
    assert not is_from_portico(b"{}", signature(b"{}", "a-secret"), "another")

"""The explorer page as a person meets it, in a real browser."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.browser import Page, page_of
from tests.support.stacks import Stack
from tests.support.tokens import minted

_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
_SHOWN = """Array.from(document.querySelectorAll(".opblock"), (block) => [
  block.querySelector(".opblock-summary-method").textContent,
  block.querySelector("[data-path]").dataset.path,
])"""
_CHOICES = 'Array.from(document.querySelectorAll(".topbar option"), (one) => [one.textContent, one.value])'
_TOKEN = ".auth-container input"
_LISTING = "#operations-customer-getCustomers"


@pytest.fixture(params=["127.0.0.1", "localhost"])
def url(request: pytest.FixtureRequest, portico: Stack) -> str:
    """Portico under the name that its documents have for it, and under another."""
    return portico.gateway.url.replace("127.0.0.1", request.param)


@pytest.fixture
async def page(url: str, tmp_path: Path) -> AsyncIterator[Page]:
    """The explorer, drawn; afterwards nothing may have gone wrong or been asked of another host."""
    async with page_of(f"{url}/docs", tmp_path / "profile") as one:
        await one.until('document.querySelector(".opblock") !== null')
        yield one
        elsewhere = [asked for asked in one.requests if not asked.startswith((f"{url}/", "data:"))]
        assert ([], []) == (elsewhere, one.faults)


async def test_every_surface_shows_all_its_operations(page: Page, url: str) -> None:
    """Each document in the selector, once chosen, is drawn with all that it has, and without complaint."""
    choices = await page.evaluate(_CHOICES)
    assert "ODP v1" in [name for name, _ in choices]

    for _, at in choices:
        assert at.startswith(f"{url}/")
        document = await _json_at(at)
        expected = sorted(_operations(document))
        await page.evaluate(
            f"""(() => {{
              const select = document.querySelector(".topbar select");
              select.value = {json.dumps(at)};
              select.dispatchEvent(new Event("change", {{ bubbles: true }}));
            }})()"""
        )
        title = json.dumps(document["info"]["title"])
        await page.until(f'document.querySelector(".info .title")?.textContent.startsWith({title})')
        await page.until(f"document.querySelectorAll('.opblock').length === {len(expected)}")
        assert expected == sorted(map(tuple, await page.evaluate(_SHOWN)))
        assert 0 == await page.evaluate('document.querySelectorAll(".errors").length')


async def test_a_read_tried_out_with_a_token_answers_200(page: Page) -> None:
    """`Authorize` takes a bearer token, and what is tried carries it to where the page came from."""
    await page.click(".auth-wrapper .authorize")
    await page.write(_TOKEN, minted())
    await page.click(".auth-btn-wrapper .authorize")
    await page.click(".auth-btn-wrapper .btn-done")

    await page.click(f"{_LISTING} .opblock-summary-control")
    await page.click(f"{_LISTING} .try-out__btn")
    await page.click(f"{_LISTING} .execute")

    answer = f"{_LISTING} .live-responses-table tbody .response-col_status"
    live = f'document.querySelector("{answer}")?.textContent'
    assert "200" == (await page.until(live))[:3]


async def test_the_page_allows_no_script_but_its_own_files(portico: Stack) -> None:
    """The policy names no other host, and nothing inline or evaluated."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{portico.gateway.url}/docs/", allow_redirects=True) as response,
    ):
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]

    assert "/docs" == response.url.path
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'"} <= set(policy.split("; "))
    assert "unsafe" not in policy
    assert "http" not in policy
    assert page.count("<script") == page.count("<script src=") > 0


async def test_only_the_files_of_the_page_are_served(portico: Stack) -> None:
    """Names that reach outside of them are unknown."""
    async with aiohttp.ClientSession() as session:
        for name in ("explorer.html", "..%2fexplorer.py", "%2e%2e%2f%2e%2e%2fpyproject.toml", "x"):
            async with session.get(f"{portico.gateway.url}/docs/{name}") as response:
                assert 404 == response.status


async def _json_at(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.json()


def _operations(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if method in _METHODS
    }

"""The stored state is the highest version's, under any order, duplication or replay (invariants 3, 4)."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.decide import decide
from domain.records import Entity, Outcome, Record, Stored
from domain.version import Version

CONTENTS = st.sampled_from(["a", "b", "c"])
VERSIONS = st.builds(Version, st.integers(-5, 5), st.sampled_from(["ing_A", "ing_B"]), st.integers(0, 2))


def _record(version: Version, content: str, source: str = "odp_v1") -> Record:
    return Record(
        entity=Entity.LEAD,
        tenant="acme",
        source=source,
        key="lead-1",
        version=version,
        digest=content,
        document=f'"{content}"',
        fields={"content": content},
    )


def _apply_all(records: list[Record]) -> tuple[list[Outcome], Stored | None]:
    stored: Stored | None = None
    outcomes = []
    for number, one in enumerate(records):
        outcome, written, _ = decide(stored, one, "lead_1", number)
        outcomes.append(outcome)
        stored = written or stored
    return outcomes, stored


@given(st.dictionaries(VERSIONS, CONTENTS, min_size=1), st.data())
def test_any_order_and_duplication_ends_in_the_highest_version(
    contents: dict[Version, str], data: st.DataObject
) -> None:
    """Whatever arrives, however often, the newest version's content is what stays."""
    records = [_record(version, content) for version, content in contents.items()]
    arrivals = data.draw(st.permutations(records + data.draw(st.lists(st.sampled_from(records)))))

    _, stored = _apply_all(arrivals)

    newest = max(contents)
    assert stored is not None
    assert contents[newest] == stored.fields["content"]
    assert newest == stored.sources["odp_v1"].version


@given(st.dictionaries(VERSIONS, CONTENTS, min_size=1))
def test_replaying_everything_changes_nothing(contents: dict[Version, str]) -> None:
    """A second pass over the same records writes nothing at all."""
    records = [_record(version, content) for version, content in contents.items()]
    _, stored = _apply_all(records)

    again = [decide(stored, one, "lead_1", 99).stored for one in records]

    assert [None] * len(records) == again


@given(VERSIONS, CONTENTS)
def test_a_redelivery_answers_as_the_first_delivery_did(version: Version, content: str) -> None:
    """The very version that is stored has the outcome it had, so that a crash changes no receipt."""
    first = _record(version, content)
    outcomes, _ = _apply_all([first, first])

    assert [Outcome.CREATED, Outcome.CREATED] == outcomes


def test_an_older_version_is_stale_and_an_equal_content_unchanged() -> None:
    """Stale means: something newer is stored; unchanged: the same content is."""
    newer = _record(Version(2, "ing_A", 0), "b")
    older = _record(Version(1, "ing_A", 0), "a")
    same_later = _record(Version(3, "ing_A", 0), "b")

    outcomes, stored = _apply_all([newer, older, same_later])

    assert [Outcome.CREATED, Outcome.STALE, Outcome.UNCHANGED] == outcomes
    assert stored is not None
    assert 2 == stored.revision


def test_each_contract_has_its_own_versions_of_a_record() -> None:
    """An older document of another contract is kept beside, and does not replace newer columns."""
    outcomes, stored = _apply_all(
        [
            _record(Version(2, "ing_A", 0), "b"),
            _record(Version(1, "ing_B", 0), "a", source="od_v2"),
        ]
    )

    assert [Outcome.CREATED, Outcome.UPDATED] == outcomes
    assert stored is not None
    assert {"content": "b"} == stored.fields
    assert {"odp_v1", "od_v2"} == stored.sources.keys()


@given(st.lists(VERSIONS, min_size=2))
def test_encoded_versions_sort_as_versions_do(versions: list[Version]) -> None:
    """MongoDB compares strings; the strings must agree with the versions."""
    ordered = sorted(versions)

    assert ordered == [Version.decode(version.encode()) for version in ordered]
    assert all(earlier.encode() <= later.encode() for earlier, later in pairwise(ordered))


def test_our_write_clock_never_runs_backwards_on_a_record() -> None:
    """A slow clock of one ingestor cannot put a change behind what readers have passed already."""
    _, stored = _apply_all([_record(Version(1, "ing_A", 0), "a")])
    assert stored is not None
    ahead = replace(stored, updated_at=1_000)

    _, written, _ = decide(ahead, _record(Version(2, "ing_A", 0), "b"), "lead_1", 10)

    assert written is not None
    assert 1_000 == written.updated_at

"""Every test of the kit can fail: a source with the flaw that it looks for does not pass, and is told what to do."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from meekoppel_connectors.testing.connector import ConnectorUnderTest, Records

SOURCES = Path(__file__).with_name("flawed_source.py")
SNAPSHOTS = [
    ("invents ids", "every_record_becomes_a_plan_under_its_id|ids_are_the_same", "make the id from what the record"),
    ("drops leading zeros", "every_record_becomes_a_plan_under_its_id", "leading zeros kept"),
    ("comes in any order", "rows_come_in_the_same_order", "read in a stable order"),
    ("tells where a row stands", "the_order_of_the_records_does_not_matter", "nothing of its place"),
    ("tells when it was read", "an_unchanged_source_gives_no_event", "nothing that changes by itself"),
    ("tells when it was read", "a_deleted_state_makes_no_new_version", "made from its record alone"),
    ("describes too much", "rows_hold_the_fields", "colour"),
    ("swaps x and y", "a_plan_lies_where_its_record_lies|every_record_becomes_a_plan", "missing|source.axis_order"),
    ("is a kilometre off", "a_plan_lies_where_its_record_lies", "1,000 m from its record"),
    ("is weeks off", "times_are_aware_and_on_the_right_day", "earliest_start of .* the record says"),
    ("skips what is broken", "a_broken_row_is_rejected", "never skip a row"),
    ("skips what is broken", "a_plan_whose_row_breaks_stays", "Let a broken row keep its id"),
    ("fails on what is broken", "a_broken_row_is_rejected", "yield the row with fault"),
    ("is empty when it is away", "a_source_that_is_away", "let neither end as an empty source"),
    ("raises what it likes", "a_source_that_is_away", "raise SourceAway when it may come back"),
    ("accepts any setting", "a_setting_that_does_not_exist", "do not allow extra fields"),
    ("shows its secret", "no_secret_is_ever_shown", "value of FLAWED_TOKEN was shown"),
    ("needs a secret and does not say which", "a_missing_secret", "SourceError when a person must act"),
    ("holds everything", "a_large_source", "yield rows as they are read"),
    ("cannot be stopped", "a_stop_signal", "10 s after SIGTERM the connector still ran"),
]
CHANGES = [
    ("does not tell removals", "a_removed_record_is_withdrawn", "removed=True"),
    ("compares times only", "falls_away_half_way", "instead of twelve registrations"),
]


class FlawedCase(ConformanceCase):
    environment = {"FLAWED_TOKEN": "canary-of-the-flawed-77d1"}  # noqa: RUF012 - as the base class declares it
    many = 20_000
    flaw = ""
    kind = "Flawed"

    def source(self) -> dict[str, Any]:
        return {"format": f"{SOURCES}:{self.kind}", "path": "works.jsonl", "crs": 28992, "flaw": self.flaw}

    def write(self, records: Sequence[Record]) -> None:
        lines = (json.dumps(record.values()) + "\n" for record in records)
        (self.folder / "works.jsonl").write_text("".join(lines), encoding="utf-8")


class FlawedJournalCase(FlawedCase):
    kind = "FlawedJournal"

    def tell(self, changed: Sequence[Record], removed: Sequence[Record]) -> None:
        now = datetime.now(UTC).isoformat()
        with (self.folder / "works.jsonl").open("a", encoding="utf-8") as file:
            for record in (*changed, *removed):
                file.write(json.dumps(record.values() | {"changed": now, "gone": record in removed}) + "\n")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What a test of the kit may ask for."""
    with monkeypatch.context() as patched:
        for name, value in ConnectorUnderTest(FlawedCase(tmp_path)).secrets.items():
            patched.setenv(name, value)
        yield {"monkeypatch": monkeypatch, "tmp_path": tmp_path}


def complaints(case: ConformanceCase, tests: str, asked: dict[str, Any]) -> list[str]:
    """Run the tests of the kit with these words in their names; what they say when they fail."""
    kit = conformance_of(type(case))
    said = []
    for words in tests.split("|"):
        (name,) = [name for name in dir(kit) if name.startswith("test_") and words in name]
        given = {"connector": ConnectorUnderTest(case), "records": Records(case), **asked}
        test = getattr(kit(), name)
        try:
            test(**{each: given[each] for each in inspect.signature(test).parameters})
        except pytest.fail.Exception as failed:
            said.append(str(failed))
    return said


@pytest.mark.parametrize(("flaw", "tests", "advice"), SNAPSHOTS)
def test_a_flawed_source_fails_and_is_told_what_to_do(
    environment: dict[str, Any], tmp_path: Path, flaw: str, tests: str, advice: str
) -> None:
    case = type("Case", (FlawedCase,), {"flaw": flaw})(tmp_path)
    assert_told(complaints(case, tests, environment), advice)


@pytest.mark.parametrize(("flaw", "tests", "advice"), CHANGES)
def test_a_flawed_source_of_changes_fails_and_is_told_what_to_do(
    environment: dict[str, Any], tmp_path: Path, flaw: str, tests: str, advice: str
) -> None:
    case = type("Case", (FlawedJournalCase,), {"flaw": flaw})(tmp_path)
    assert_told(complaints(case, tests, environment), advice)


def assert_told(said: list[str], advice: str) -> None:
    assert said, "the kit let the flawed source pass"
    with pytest.raises(AssertionError, match=advice):
        raise AssertionError(" ".join(said))

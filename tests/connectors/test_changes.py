"""A source that tells its changes: read on from its cursor, each change an event, whatever happens in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.publish import Patience
from meekoppel_connectors.run import RunSummary, run_once
from meekoppel_connectors.status import read_status
from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.ids import OrgCode
from tests.connectors.feeds import configured
from tests.connectors.inbox import AS_OF, Organisation, new_organisation, row

SOURCE = """
import json
import time
from datetime import datetime

from meekoppel_connectors import FileSettings, Reached, Source, SourceAway, SourceRow


class JournalSettings(FileSettings):
    has_geometry = False
    segment: int = 2


class Journal(Source[JournalSettings]):
    '''A file with one change a line; the cursor is the number of lines that were read.'''

    settings_type = JournalSettings

    def changes(self, since):
        done = int(since or 0)
        lines = self.settings.file.read_text().splitlines()
        for number, line in enumerate(lines[done:], start=done + 1):
            values = json.loads(line)
            if values.pop("away", False):
                raise SourceAway("journal", "is being repaired", 0.01)
            moment = values.pop("at", None)
            yield SourceRow(
                values,
                number=values.pop("number", 0),
                removed=values.pop("gone", False),
                occurred_at=moment and datetime.fromisoformat(moment),
            )
            if number % self.settings.segment == 0:
                yield Reached(str(number))
        if not values_end_open(lines):
            yield Reached(str(len(lines)))


def values_end_open(lines):
    return bool(lines) and "open" in lines[-1]
"""
PATIENCE = Patience(attempts=2, first_delay_seconds=0.01)


class Journalling:
    """An organisation whose source is a journal."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        self.file = organisation.folder / "journal.jsonl"
        (organisation.folder / "journal.py").write_text(SOURCE)

    def config(self, **source: Any) -> Any:
        settings = {
            "format": "journal.py:Journal",
            "path": "journal.jsonl",
            "crs": 28992,
            "geometry": {"x": "x", "y": "y"},
        }
        return configured(
            self.organisation.folder,
            source=settings | source,
            organisation=self.organisation.code,
            kafka={"bootstrap": self.organisation.bootstrap},
        )

    def says(self, *rows: dict[str, Any]) -> None:
        with self.file.open("a") as file:
            file.writelines(json.dumps(each) + "\n" for each in rows)

    def run(self, **options: Any) -> RunSummary:
        return run_once(self.config(), as_of=AS_OF, patience=PATIENCE, **options)


@pytest.fixture
def journal(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> Journalling:
    return Journalling(new_organisation(tmp_path, kafka_bootstrap, org_code))


def titles(journal: Journalling) -> list[tuple[str, str]]:
    return [(each.event.plan.title, each.event.type.value) for each in journal.organisation.inbox()]


def test_only_what_was_said_since_the_last_run_is_read(journal: Journalling):
    journal.says(row(1), row(2), row(3))
    assert (journal.run().read, journal.run().read) == (3, 0)
    journal.says(row(2, titel="Anders"))
    summary = journal.run()
    assert (summary.read, summary.changed, summary.withdrawn) == (1, 1, 0)


def test_there_and_back_again_is_three_versions_also_within_one_reading(journal: Journalling):
    journal.says(row(1, titel="A"), row(1, titel="B"), row(1, titel="A"))
    journal.run()
    assert titles(journal) == [("A", "registered"), ("B", "changed"), ("A", "changed")]


def test_what_is_said_to_be_gone_is_withdrawn_and_comes_back_restored(journal: Journalling):
    journal.says(row(1), row(2), {**row(1), "gone": True})
    assert journal.run().withdrawn == 1
    journal.says(row(1))
    assert journal.run().restored == 1
    events = [each.event for each in journal.organisation.inbox() if each.event.plan.plan_id.endswith(".0001")]
    assert [(event.type, event.reason) for event in events] == [
        (PlanEventType.REGISTERED, None),
        (PlanEventType.WITHDRAWN, "removed_at_source"),
        (PlanEventType.RESTORED, None),
    ]


def test_a_change_carries_the_moment_at_which_it_was_made(journal: Journalling):
    journal.says({**row(1), "at": "2026-02-03T04:05:06+00:00"})
    journal.run()
    (received,) = journal.organisation.inbox()
    assert received.event.occurred_at == received.headers.time
    assert received.event.occurred_at.isoformat() == "2026-02-03T04:05:06+00:00"


def test_what_is_told_again_is_not_taken_for_news_when_it_is_older(journal: Journalling):
    journal.says(
        {**row(1, titel="A"), "at": "2026-02-01T00:00:00Z"},
        {**row(1, titel="B"), "at": "2026-02-02T00:00:00Z"},
        {**row(1, titel="A"), "at": "2026-02-01T00:00:00Z"},
    )
    journal.run()
    assert titles(journal) == [("A", "registered"), ("B", "changed")]


def test_another_mapping_reads_everything_again_and_tells_only_what_differs(journal: Journalling):
    journal.says(*(row(number) for number in range(1, 6)))
    journal.run()
    summary = run_once(journal.config(decimal="."), as_of=AS_OF, patience=PATIENCE)
    assert (summary.read, summary.unchanged, summary.published) == (5, 5, 0)


def test_a_rejected_change_stays_in_sight_until_its_plan_is_taken_over(journal: Journalling):
    journal.says(row(1), row(2, tot="geen datum"), row(3))
    assert journal.run().rejected == 1
    journal.run()
    assert [each.source_id for each in read_status(journal.config()).rejected] == ["0002"]
    journal.says(row(2))
    journal.run()
    assert read_status(journal.config()).rejected == ()


def test_a_rejected_change_is_settled_by_a_later_one_whatever_numbers_the_source_gives_its_rows(journal: Journalling):
    journal.says({**row(2, tot="geen datum"), "number": 9}, {**row(2), "number": 1})
    assert (journal.run().rejected, read_status(journal.config()).rejected) == (1, ())


def test_a_rejected_row_without_an_id_is_told_once_when_everything_is_read_again(journal: Journalling):
    journal.says(row(1), row(2, nr=""))
    journal.run()
    run_once(journal.config(decimal="."), as_of=AS_OF, patience=PATIENCE)
    assert len(read_status(journal.config()).rejected) == 1


def test_a_source_that_is_away_half_way_is_read_on_from_where_it_was_stored(journal: Journalling):
    journal.says(row(1), row(2), row(3), {"away": True}, row(4))
    with pytest.raises(SourceAway, match="is being repaired"):
        journal.run()
    lines = journal.file.read_text().splitlines()
    journal.file.write_text("\n".join(line for line in lines if "away" not in line) + "\n")
    assert journal.run().read == 2
    assert [plan for plan, _ in journal.organisation.told()] == ["0001", "0002", "0003", "0004"]


def test_a_source_that_ends_without_a_cursor_is_refused_and_nothing_of_its_end_is_stored(journal: Journalling):
    journal.says(row(1), row(2), {**row(3), "open": 1})
    with pytest.raises(SourceError, match="must yield Reached"):
        journal.run()
    journal.says(row(4))
    assert journal.run().read == 2


def test_the_guard_counts_all_changes_of_a_run_and_keeps_what_came_before(journal: Journalling):
    journal.says(*(row(number) for number in range(1, 21)))
    journal.run()
    journal.says(*({**row(number), "gone": True} for number in range(1, 16)))
    summary = journal.run()
    assert summary.outcome == "guarded"
    assert summary.withdrawn == 4
    assert "of 20 live plans" in str(summary.message)
    assert journal.run(open_guard=True).withdrawn == 11


def test_one_change_that_is_rejected_is_no_sign_that_the_source_ran_empty(journal: Journalling):
    journal.says(*(row(number) for number in range(1, 21)))
    journal.run()
    journal.says(row(2, tot="geen datum"))
    assert (journal.run().outcome, journal.run().read) == ("published", 0)


def test_the_guard_does_not_let_a_mass_removal_through_bit_by_bit(journal: Journalling):
    journal.says(*(row(number) for number in range(1, 21)))
    journal.run()
    journal.says(*({**row(number), "gone": True} for number in range(1, 16)))
    outcomes = [(summary.outcome, summary.withdrawn) for summary in (journal.run() for _ in range(3))]
    assert outcomes == [("guarded", 4), ("guarded", 0), ("guarded", 0)]
    assert journal.run(open_guard=True).withdrawn == 11
    assert journal.run().outcome == "published"


@pytest.mark.parametrize("values", [{"titel": "half \ud800"}, {"nr": "\ud800"}, {"tot": "\ud800"}, {"\ud800": "x"}])
def test_half_a_character_spoils_its_own_row_only(journal: Journalling, values: dict[str, Any]):
    journal.says(row(1), {**row(2, tot="geen datum"), **values}, row(3, titel="\ud800"), row(4))
    summary = journal.run()
    assert (summary.read, summary.registered, summary.rejected) == (4, 2, 2)
    read_status(journal.config()).to_json().encode()


def test_a_first_reading_of_a_long_history_is_nothing_for_the_guard(journal: Journalling):
    journal.says(*(row(number, titel=f"Versie {version}") for version in range(5) for number in (1, 2)))
    assert (journal.run().outcome, len(journal.organisation.inbox())) == ("published", 10)


def test_a_plan_that_changes_often_counts_once_for_the_guard(journal: Journalling):
    journal.says(*(row(number) for number in range(1, 21)))
    journal.run()
    journal.says(*(row(2, titel=f"Versie {version}") for version in range(8)), {**row(2), "gone": True})
    assert (journal.run().outcome, len(journal.organisation.inbox())) == ("published", 29)

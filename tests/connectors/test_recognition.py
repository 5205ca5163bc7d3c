from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import shapely

from meekoppel_connectors.mapping import building
from meekoppel_connectors.mapping.recognition import RowRecognition
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.status import read_status
from meekoppel_contracts.ids import OrgCode
from tests.connectors.feeds import configured
from tests.connectors.inbox import Organisation, new_organisation, row, rows


def recognition(folder: Path, **changes: Any) -> RowRecognition:
    return RowRecognition(configured(folder, **changes))


def test_the_same_row_has_the_same_hash_wherever_it_stands(tmp_path: Path):
    one, other = SourceRow({"a": "1"}, number=1), SourceRow({"a": "1"}, number=9)
    assert recognition(tmp_path).hash_of(one) == recognition(tmp_path).hash_of(other)


@pytest.mark.parametrize(
    "values",
    [
        {"a": 1},
        {"a": "1 "},
        {"a": None},
        {},
        {"a": ["1"]},
        {"b": "1"},
        {"a": Decimal("1")},
        {"a": date.min},
        {"a": b"1"},
    ],
)
def test_any_other_value_gives_another_hash(tmp_path: Path, values: dict[str, Any]):
    recognising = recognition(tmp_path)
    assert recognising.hash_of(SourceRow(values)) != recognising.hash_of(SourceRow({"a": "1"}))


def test_geometry_counts_and_is_the_same_as_wkb(tmp_path: Path):
    recognising = recognition(tmp_path)
    point, moved = shapely.Point(1, 2), shapely.Point(1, 2.001)
    assert recognising.hash_of(SourceRow({}, point)) == recognising.hash_of(SourceRow({}, shapely.to_wkb(point)))
    assert recognising.hash_of(SourceRow({}, point)) != recognising.hash_of(SourceRow({}, moved))


def test_another_mapping_gives_another_hash(tmp_path: Path):
    row = SourceRow({"a": "1"})
    assert recognition(tmp_path).hash_of(row) != recognition(tmp_path, plan={"title": "X"}).hash_of(row)


@pytest.mark.parametrize("rule", [{"field": "titel", "slug": True}])
def test_a_mapping_that_looks_beyond_the_row_is_never_skipped(tmp_path: Path, rule: dict[str, Any]):
    initiator = {"organisation": rule, "name": "X", "kind": "other"}
    assert recognition(tmp_path, plan={"initiator": initiator}).hash_of(SourceRow({"a": "1"})) is None


def test_a_broken_row_and_a_removed_one_are_never_skipped(tmp_path: Path):
    recognising = recognition(tmp_path)
    assert recognising.hash_of(SourceRow({}, fault="broken")) is None
    assert recognising.hash_of(SourceRow({}, removed=True)) is None


@pytest.fixture
def organisation(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> Organisation:
    return new_organisation(tmp_path, kafka_bootstrap, org_code)


def test_only_rows_that_differ_are_mapped_again(organisation: Organisation, monkeypatch: pytest.MonkeyPatch):
    organisation.run(rows(5))
    built: list[SourceRow] = []
    build = building.PlanBuilder.build
    monkeypatch.setattr(building.PlanBuilder, "build", lambda self, rows: built.extend(rows) or build(self, rows))
    summary = organisation.run([row(1), row(2, titel="Anders"), row(3), row(4), row(5)])
    assert (summary.unchanged, summary.changed, len(built)) == (4, 1, 1)


def test_a_second_row_of_an_unchanged_plan_is_rejected(organisation: Organisation):
    organisation.run(rows(2))
    summary = organisation.run([row(1), row(2), row(1), row(1, titel="Dubbel")])
    assert (summary.unchanged, summary.changed, summary.rejected) == (2, 0, 2)
    assert [(each.row_number, each.reason) for each in read_status(organisation.config()).rejected] == [
        (4, "duplicate_id"),
        (5, "duplicate_id"),
    ]


def test_a_plan_that_was_unreadable_and_is_back_as_it_was_is_known_again(organisation: Organisation):
    organisation.run(rows(20))
    broken = [*rows(16), *(row(number, tot="geen datum") for number in range(17, 21))]
    assert organisation.run(broken).rejected == 4
    assert organisation.run(rows(20)).unchanged == 20
    assert organisation.run(broken, open_guard=False).outcome == "published"

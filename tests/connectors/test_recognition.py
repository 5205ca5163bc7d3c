from __future__ import annotations

import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import CRS, datadir

from meekoppel_connectors.mapping import building
from meekoppel_connectors.mapping import recognition as recognition_module
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.recognition import RowRecognition
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.run import run_once
from meekoppel_connectors.status import read_status
from meekoppel_contracts.ids import OrgCode
from tests.connectors.feeds import configured, write_csv
from tests.connectors.inbox import AS_OF, SOON, Organisation, new_organisation, row, rows


def recognition(folder: Path, crs: CRS | None = None, **changes: Any) -> RowRecognition:
    return RowRecognition(configured(folder, **changes), crs)


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


def test_another_crs_of_the_source_gives_another_hash(tmp_path: Path):
    row = SourceRow({"a": "1"}, shapely.Point(4.75, 52.63))
    hashes = {recognition(tmp_path, crs and CRS.from_epsg(crs)).hash_of(row) for crs in (None, 4326, 4289)}
    assert len(hashes) == 3


def test_a_grid_that_is_installed_later_gives_another_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "proj"
    shutil.copytree(datadir.get_data_dir(), folder)
    monkeypatch.setattr(datadir, "get_data_dir", lambda: str(folder))
    row = SourceRow({"a": "1"})
    before = recognition(tmp_path).hash_of(row)
    assert recognition(tmp_path).hash_of(row) == before
    (folder / "nl_nsgi_rdtrans2018.tif").write_bytes(b"II*")
    assert recognition(tmp_path).hash_of(row) != before


def test_another_code_of_the_mapping_gives_another_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    row = SourceRow({"a": "1"})
    before = recognition(tmp_path).hash_of(row)
    monkeypatch.setattr(recognition_module, "mapping_code", lambda: "another")
    assert recognition(tmp_path).hash_of(row) != before


@pytest.mark.parametrize("values", [{"a": 2**70}, {"a": "\ud800"}, {"\ud800": 1}, {2**70: 1}])
def test_a_row_that_cannot_be_written_down_is_mapped_whenever_it_comes(tmp_path: Path, values: dict[Any, Any]):
    assert recognition(tmp_path).hash_of(SourceRow(values)) is None


def test_a_geojson_object_may_hold_whatever_numbers_its_reader_makes(tmp_path: Path):
    recognising = recognition(tmp_path)
    point = {"type": "Point", "coordinates": (Decimal("4.75"), Decimal("52.63"))}
    moved = {"type": "Point", "coordinates": (Decimal("4.75"), Decimal("52.64"))}
    assert recognising.hash_of(SourceRow({}, point)) != recognising.hash_of(SourceRow({}, moved))


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


def test_of_two_rows_with_one_id_the_first_holds_also_when_the_second_is_the_known_one(organisation: Organisation):
    organisation.run([row(1, titel="A"), row(2)])
    summary = organisation.run([row(1, titel="B"), row(1, titel="A"), row(2)])
    assert (summary.changed, summary.rejected) == (1, 1)
    assert {plan for plan, told in organisation.told() if told == "changed"} == {"0001"}


def test_two_files_that_hold_one_id_in_the_same_row_are_told_apart(organisation: Organisation):
    folder = organisation.folder / "exports"
    folder.mkdir()
    write_csv(folder / "a.csv", [row(1)])
    write_csv(folder / "b.csv", [row(1)])
    source = {"path": "exports", "pick": "all", "settle_seconds": 0}
    config = organisation.config(
        source={"format": "csv", "crs": 28992, "geometry": {"x": "x", "y": "y"}, **source},
    )
    assert [each.plan is None for each in read_plans(config, AS_OF)] == [False, True]
    for _ in range(2):
        assert run_once(config, as_of=AS_OF, patience=SOON).rejected == 1
        (rejected,) = read_status(config).rejected
        assert (rejected.reason, rejected.values["titel"], rejected.values["@file"]) == (
            "duplicate_id",
            "Riool 1",
            "b.csv",
        )


def test_a_plan_that_was_unreadable_and_is_back_as_it_was_is_known_again(organisation: Organisation):
    organisation.run(rows(20))
    broken = [*rows(16), *(row(number, tot="geen datum") for number in range(17, 21))]
    assert organisation.run(broken).rejected == 4
    assert organisation.run(rows(20)).unchanged == 20
    assert organisation.run(broken, open_guard=False).outcome == "published"


def test_a_source_that_turns_out_to_be_in_another_crs_moves_every_plan(organisation: Organisation):
    path = organisation.folder / "feed.geojson"
    source = {"format": "geojson", "path": path.name}
    features = [
        {"type": "Feature", "properties": row(number), "geometry": {"type": "Point", "coordinates": [4.75, 52.63]}}
        for number in range(1, 4)
    ]
    changed = []
    for crs in ("EPSG:4326", "EPSG:4326", "EPSG:4289"):
        named = {"type": "name", "properties": {"name": crs}}
        path.write_text(json.dumps({"type": "FeatureCollection", "crs": named, "features": features}))
        config = organisation.config(source=source)
        changed.append(run_once(config, as_of=AS_OF, open_guard=True, patience=SOON).changed)
    assert changed == [0, 0, 3]

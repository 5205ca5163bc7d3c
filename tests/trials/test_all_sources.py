"""The table of docs/connectors.md is what the trial gives; a synthetic twin has every kind of row in known numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.connectors.guessing.test_initial import planning
from tests.connectors.weekly_feed import synthetic_twin
from tests.passing import passing_folder
from tests.trials.all_sources import DATA, ROOT, SetResult, run_trial, table

DOCUMENTED = ROOT / "docs" / "connectors.md"

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def write_twin(data: Path) -> Path:
    """Write a set of each kind: a feed that is known, a workbook that is not, works with faults, areas."""
    for folder in ("weekly", "workbook", "works", "areas"):
        (data / folder).mkdir(parents=True)
    _, second, _ = synthetic_twin(data / "weekly")
    second.unlink()
    planning(data / "workbook")
    works = [work(number) for number in range(6)]
    works[1]["properties"]["tot"] = None
    works[2]["geometry"] = {"type": "GeometryCollection", "geometries": []}
    works[3]["properties"]["nr"] = "W-0"
    works[4]["geometry"]["coordinates"] = [100.0, 20.0]
    write_features(data / "works" / "works.geojson", works)
    areas = [{"type": "Feature", "properties": {"code": code}, "geometry": SQUARE} for code in ("01", "02")]
    write_features(data / "areas" / "areas.geojson", areas)
    return data


SQUARE = {"type": "Polygon", "coordinates": [[[4.7, 52.6], [4.8, 52.6], [4.8, 52.7], [4.7, 52.6]]]}


def work(number: int) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {
            "nr": f"W-{number}",
            "titel": f"Riool in straat {number}",
            "van": "2027-01-01",
            "tot": f"2027-02-{number + 1:02d}",
        },
        "geometry": {"type": "Point", "coordinates": [4.7 + number / 100, 52.6]},
    }


def write_features(path: Path, features: list[dict[str, object]]) -> None:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


async def test_every_row_of_a_twin_is_accounted_for(tmp_path: Path) -> None:
    data = write_twin(tmp_path / "data")
    with passing_folder() as folder:
        results = await run_trial(data, folder)
    assert results == [
        SetResult("areas/areas.geojson", 2, 0, 2, {"missing": 2}),
        SetResult("weekly/first.xml", 80, 78, 2, {"coordinates_zero": 2}),
        SetResult("workbook/planning.xlsx", 3, 3, 0, {}),
        SetResult(
            "works/works.geojson",
            6,
            2,
            4,
            {"duplicate_id": 1, "geometry_empty": 1, "missing": 1, "outside_area": 1},
        ),
    ]


async def test_the_table_in_the_documentation_is_what_the_real_sets_give() -> None:
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is missing: only the synthetic twin of the real sets was taken through")
    with passing_folder() as folder:
        results = await run_trial(DATA, folder)
    assert table(results) in DOCUMENTED.read_text(encoding="utf-8")

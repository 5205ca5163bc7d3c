from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.overview import Overview, warnings_of, whereabouts
from meekoppel_connectors.preview import Preview, preview
from tests.connectors.feeds import NOW, ROW, configured, write_csv


def previewed(folder: Path, *changes: dict[str, Any], plan: dict[str, Any] | None = None) -> Preview:
    """Preview rows that differ in number, title, dates and place, each with its changes."""
    rows = [
        {
            **ROW,
            "nr": f"{number:04d}",
            "titel": f"Riool in straat {number}",
            "tot": f"2026-05-{number + 1:02d}",
            "x": str(111500 + number),
            **change,
        }
        for number, change in enumerate(changes)
    ]
    write_csv(folder / "feed.csv", rows)
    return preview(configured(folder, plan), NOW, limit=0)


def test_plans_as_they_should_be_give_no_warning(tmp_path: Path) -> None:
    assert previewed(tmp_path, *[{}] * 5).warnings == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"van": "2026-04-01", "tot": "2026-04-02"}, "All plans have the same period"),
        ({"titel": "Riool"}, "All plans have the same title"),
        ({"x": "111500"}, "All plans lie on the same point"),
        ({"van": "2025-01-01", "tot": "2025-02-01"}, "All plans have ended"),
        ({"tot": "2050-05-01"}, "5 plans last longer than ten years"),
        ({"van": "2026-04-01T08:00", "tot": "2026-04-01T08:00"}, "5 plans end in the moment in which they start"),
        ({"x": "516500", "y": "111500"}, "Most rows lie outside the hub's area"),
        ({"titel": ""}, "No row became a plan: mostly missing"),
    ],
)
def test_what_cannot_be_right_is_said(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    assert any(warning.startswith(says) for warning in previewed(tmp_path, *[change] * 5).warnings)


def test_titles_that_are_ids_are_said(tmp_path: Path) -> None:
    result = previewed(tmp_path, *[{}] * 5, plan={"title": {"field": "nr"}})
    assert any("their own id as title" in warning for warning in result.warnings)


def test_of_two_plans_nothing_is_said_together(tmp_path: Path) -> None:
    assert previewed(tmp_path, *[{"titel": "Riool", "tot": "2026-04-02"}] * 2).warnings == []


def test_plans_a_country_apart_are_said() -> None:
    overview = Overview(plans=2, bounds=(0.0, 300_000.0, 700_000.0, 301_000.0))
    assert list(warnings_of(overview, Counter(), 2)) == [
        "The plans lie up to 700 km apart: some coordinates may be wrong."
    ]


def test_periods_and_codes_are_counted(tmp_path: Path) -> None:
    overview = previewed(tmp_path, {}, {"van": "2026-01-15"}, {"tot": "2027-12-31"}).overview
    assert overview.earliest_start == datetime(2026, 1, 14, 23, tzinfo=UTC)
    assert overview.latest_end == datetime(2027, 12, 31, 22, 59, 59, tzinfo=UTC)
    assert overview.status == {"planned": 3}


def test_a_box_is_said_in_degrees_with_its_country_and_size() -> None:
    assert whereabouts((111000.0, 516000.0, 113000.0, 517000.0), 28992) == (
        "52.630°N 4.737°E to 52.639°N 4.767°E, in the Netherlands; 2.0 by 1.0 km"
    )


def test_a_row_with_two_reasons_counts_once_in_each(tmp_path: Path) -> None:
    result = previewed(tmp_path, {"titel": "", "van": ""}, {"titel": ""})
    assert result.reasons == {"missing": 2}

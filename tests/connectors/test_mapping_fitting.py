from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from meekoppel_connectors.mapping.fitting import TARGET_EVENT_BYTES, TOLERANCES_M
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.plan import Plan
from tests.connectors.feeds import NOW, ROW, configured, the_plan, the_reasons, write_csv

OWN_GEOMETRY: dict[str, Any] = {"zones": {"geometry": {"field": "gebied"}}}


def disc(corners: int, radius_m: float = 900) -> str:
    return str(shapely.Point(111500, 516500).buffer(radius_m, quad_segs=corners // 4).wkt)


def star(corners: int) -> str:
    """A polygon whose outline goes in and out by 30 m: nothing of it can be left out."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = np.where(np.arange(corners) % 2, 900, 870)
    points = np.column_stack((111500 + radius * np.cos(angles), 516500 + radius * np.sin(angles)))
    return str(shapely.Polygon(points).wkt)


def event_bytes(plan: Plan) -> int:
    return len(encode_plan_event(PlanEvent(type=PlanEventType.REGISTERED, publisher="gm0361", plan=plan)))


@pytest.mark.parametrize("corners", [4, 400, 3900])
def test_a_plan_with_room_to_spare_keeps_every_vertex(tmp_path: Path, corners: int) -> None:
    (zone,) = the_plan(tmp_path, {"gebied": disc(corners)}, plan=OWN_GEOMETRY).zones
    assert zone.simplified_m is None
    assert shapely.get_num_coordinates(shapely.from_wkb(zone.geometry)) == corners + 1


def test_too_many_vertices_are_simplified_until_the_event_is_small_enough(tmp_path: Path) -> None:
    plan = the_plan(tmp_path, {"gebied": disc(20_000)}, plan=OWN_GEOMETRY)
    (zone,) = plan.zones
    assert event_bytes(plan) <= TARGET_EVENT_BYTES
    assert zone.simplified_m == TOLERANCES_M[0]
    drawn, kept = shapely.from_wkt(disc(20_000)), shapely.from_wkb(zone.geometry)
    assert kept.is_valid
    assert shapely.hausdorff_distance(drawn, kept) <= zone.simplified_m + 0.001


def test_a_larger_tolerance_is_taken_only_when_the_smaller_one_does_not_do(tmp_path: Path) -> None:
    rough = np.random.default_rng(3).uniform(-0.15, 0.15, 9_000)
    angles = np.linspace(0, 2 * np.pi, len(rough), endpoint=False)
    outline = np.column_stack((111500 + (5000 + rough) * np.cos(angles), 516500 + (5000 + rough) * np.sin(angles)))
    (zone,) = the_plan(tmp_path, {"gebied": shapely.Polygon(outline).wkt}, plan=OWN_GEOMETRY).zones
    assert zone.simplified_m == 0.2


def test_what_does_not_become_small_enough_is_rejected(tmp_path: Path) -> None:
    assert the_reasons(tmp_path, {"gebied": star(5_000)}, plan=OWN_GEOMETRY) == [("plan", "too_large")]


def test_only_the_zones_of_which_something_was_left_out_say_so(tmp_path: Path) -> None:
    zones = {"zones": [{"geometry": {"field": "gebied"}}, {"role": "site"}]}
    work, site = the_plan(tmp_path, {"gebied": disc(20_000)}, plan=zones).zones
    assert (work.simplified_m, site.simplified_m) == (TOLERANCES_M[0], None)


def test_the_same_geometry_is_simplified_to_the_same_bytes(tmp_path: Path) -> None:
    first, second = (the_plan(tmp_path, {"gebied": disc(20_000)}, plan=OWN_GEOMETRY) for _ in range(2))
    assert first == second


def test_long_texts_count_too(tmp_path: Path) -> None:
    plan = {**OWN_GEOMETRY, "attachments": [{"uri": {"field": "uri"}, "media_type": "text/html", "name": "x"}]}
    row = {"uri": "https://example.org/" + "a" * 30_000, "gebied": disc(3_000)}
    found = the_plan(tmp_path, row, plan=plan)
    assert event_bytes(found) <= TARGET_EVENT_BYTES
    assert found.zones[0].simplified_m is not None


def test_the_report_counts_what_was_simplified_and_repaired(tmp_path: Path) -> None:
    bowtie = "POLYGON((111500 516500, 111510 516510, 111510 516500, 111500 516510, 111500 516500))"
    rows = [{**ROW, "nr": str(n), "gebied": text} for n, text in enumerate([disc(20_000), bowtie, disc(8)])]
    write_csv(tmp_path / "feed.csv", rows)
    report = MappingReport()
    assert len(list(read_plans(configured(tmp_path, OWN_GEOMETRY), NOW, report))) == 3
    assert (report.simplified, report.simplified_most_m, report.repaired) == (1, TOLERANCES_M[0], 1)
    assert [sentence.split(" ", 1)[0] for sentence in report.sentences()] == ["1", "1"]

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import shapely

from meekoppel_connectors.plan_map.drawing import MOST, Drawing
from meekoppel_contracts.plan import Plan
from tests.connectors.feeds import the_plan

ZONE = ZoneInfo("Europe/Amsterdam")


def drawing() -> Drawing:
    return Drawing("gm0361: plans.yaml", 28992, ZONE)


def placed(plan: Plan, shape: shapely.Geometry, **changes: Any) -> Plan:
    zone = plan.zones[0].model_copy(update={"geometry": shapely.to_wkb(shape)})
    return plan.model_copy(update={"zones": (zone,), **changes})


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


def test_the_plan_stands_in_the_file_with_its_row_times_and_place(tmp_path: Path) -> None:
    sheet = drawing()
    sheet.add(7, the_plan(tmp_path))
    data = data_of(sheet.html())
    (plan,) = data["plans"]
    assert (plan["row"], plan["title"], plan["status"]) == (7, "Riool Laat", "planned")
    assert plan["period"] == ["2026-04-01 00:00", "2026-04-30 23:59"]
    assert (data["origin"], plan["zones"]) == ([111500.0, 516500.0], [["work", [0, [0, 0]]]])


def test_lines_and_areas_with_holes_are_drawn_in_decimetres_from_the_corner(tmp_path: Path) -> None:
    plan = the_plan(tmp_path)
    outer, hole = shapely.box(0, 0, 10, 10).exterior, shapely.box(4, 4, 6, 6).exterior
    sheet = drawing()
    sheet.add(1, placed(plan, shapely.Polygon(outer, [hole])))
    sheet.add(2, placed(plan, shapely.MultiLineString([[(0, 0), (1, 2.5)], [(3, 3), (4, 4)]])))
    area, lines = (plan["zones"][0] for plan in data_of(sheet.html())["plans"])
    assert [part[0] for part in area[1:]] == [2]
    assert len(area[1][1:]) == 2
    assert lines[1:] == [[1, [0, 0, 10, 25]], [1, [30, 30, 40, 40]]]


def test_no_text_of_a_plan_can_end_the_data_or_become_a_program(tmp_path: Path) -> None:
    wicked = '</script><script>alert("1")</script><!--'
    sheet = drawing()
    sheet.add(1, the_plan(tmp_path).model_copy(update={"title": wicked}))
    html = sheet.html()
    assert html.count("<script") == 2
    assert data_of(html)["plans"][0]["title"] == wicked


def test_the_file_asks_for_nothing_from_outside(tmp_path: Path) -> None:
    sheet = drawing()
    sheet.add(1, the_plan(tmp_path))
    html = sheet.html()
    assert "default-src 'none'" in html
    assert not re.search(r"https?://|\bsrc=|@import|url\(|fetch\(|XMLHttpRequest", html)


def test_no_plans_make_a_file_too() -> None:
    assert data_of(drawing().html())["plans"] == []


def test_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    sheet = drawing()
    plan = the_plan(tmp_path)
    for number in range(MOST + 3):
        sheet.add(number, plan)
    assert sheet.left_out == 3

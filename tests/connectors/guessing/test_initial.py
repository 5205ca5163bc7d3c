from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from meekoppel_connectors.config import load_config
from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.guessing.initial import FirstConfiguration, first_configuration
from meekoppel_connectors.guessing.proposal import Wishes
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.row import MappedRow
from meekoppel_connectors.templates.workbook import projects_workbook
from tests.connectors.feeds import NOW
from tests.connectors.weekly_feed import WORK, write_feed

PLANNING = [
    ["Planning 2026"],
    ["Afdeling Civiel"],
    [],
    ["Projectnr", "Straat", "Status", "Start", "Gereed", "X", "Y", "Soort"],
    ["00123", "Laat", "Vast", "1-4-2026", "30-4-2026", "111500,5", "516500,0", "riool"],
    ["00124", "Kennemerstraatweg", "Voorlopig", "2-5-2026", "31-5-2026", "111600,5", "516600,0", "weg"],
    ["00125", "Zilverstraat", "Vast", "3-6-2026", "30-6-2026", "111700,5", "516700,0", "riool"],
]


def planning(folder: Path) -> Path:
    book = Workbook()
    for row in PLANNING:
        book.active.append(row)
    book.save(folder / "planning.xlsx")
    return folder / "planning.xlsx"


def begun(file: Path, folder: Path, **wishes: str | int) -> tuple[FirstConfiguration, list[MappedRow]]:
    """Write the first configuration of a file, load it, and map the file by it."""
    first = first_configuration(str(file), folder, Wishes(**wishes))
    config = folder / "plans.yaml"
    config.write_text(first.text, encoding="utf-8")
    return first, list(read_plans(load_config(config), NOW))


def test_a_workbook_as_people_keep_it_previews_straight_away(tmp_path: Path) -> None:
    first, rows = begun(planning(tmp_path), tmp_path, organisation="gm0361")
    plans = [row.plan for row in rows if row.plan is not None]
    assert [plan.plan_id for plan in plans] == ["NL.gm0361.00123", "NL.gm0361.00124", "NL.gm0361.00125"]
    assert [plan.title for plan in plans] == ["Laat", "Kennemerstraatweg", "Zilverstraat"]
    assert [plan.status for plan in plans] == ["planned", "tentative", "planned"]
    assert [plan.disciplines for plan in plans] == [("gravity_sewer",), ("road",), ("gravity_sewer",)]
    assert f"{plans[0].period.earliest_start:%Y-%m-%d}" == "2026-03-31"
    assert "header_row: 4" in first.text


def test_what_it_was_not_sure_of_is_marked_with_what_else_it_could_be(tmp_path: Path) -> None:
    first, _ = begun(planning(tmp_path), tmp_path)
    lines = first.text.splitlines()
    (organisation,) = [line for line in lines if line.startswith("organisation:")]
    (crs,) = [line for line in lines if line.startswith("  crs:")]
    assert "UNSURE: write the code that the hub gave you" in organisation
    assert crs.startswith("  crs: 28992  # UNSURE")
    assert "27700 (British National Grid)" in crs


def test_the_same_file_gives_the_same_configuration(tmp_path: Path) -> None:
    file = planning(tmp_path)
    texts = {first_configuration(str(file), tmp_path, Wishes()).text for _ in range(3)}
    assert len(texts) == 1


def test_a_source_without_dates_is_written_down_and_every_row_is_rejected_with_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "areas.csv"
    file.write_text("code;naam;wkt\n01;Noord;POINT (111500 516500)\n02;Zuid;POINT (111600 516600)\n", encoding="utf-8")
    first, rows = begun(file, tmp_path)
    assert "no column holds dates" in first.text
    reasons = {(rejection.field, rejection.reason) for row in rows for rejection in row.rejections}
    assert reasons == {("plan.period.earliest_start", "missing"), ("plan.period.latest_end", "missing")}


def test_a_source_without_coordinates_is_written_down_and_every_row_is_rejected_with_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("nr;titel;van;tot\n1;Riool Laat;2026-04-01;2026-05-01\n", encoding="utf-8")
    first, rows = begun(file, tmp_path)
    assert "no column holds coordinates" in first.text
    assert {rejection.reason for row in rows for rejection in row.rejections} == {"geometry_unreadable"}


def test_names_that_yaml_would_read_as_something_else_are_quoted(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        'id: nr,true,van #1,"tot, met",x,y\n007,Riool Laat,2026-04-01,2026-05-01,111500,516500\n', encoding="utf-8"
    )
    _, rows = begun(file, tmp_path)
    assert [row.plan is not None and row.plan.title for row in rows] == ["Riool Laat"]


def test_a_known_format_begins_from_its_template(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "works.xml", [WORK, {**WORK, "reference_number": "2"}])
    first, rows = begun(feed, tmp_path)
    assert first.template is not None
    assert first.template.name == "highways-england"
    assert len([row for row in rows if row.plan is not None]) == 2


def test_what_a_person_knows_already_goes_into_template_and_guess_alike(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "works.xml", [WORK])
    first, _ = begun(feed, tmp_path, organisation="he", namespace="EN", hub_crs=3035)
    assert first.template is not None
    config = load_config(tmp_path / "plans.yaml")
    assert (config.organisation, config.namespace, config.hub_crs) == ("he", "EN", 3035)
    first, _ = begun(planning(tmp_path), tmp_path, organisation="gm0361", namespace="EN", hub_crs=3035)
    assert first.template is None
    config = load_config(tmp_path / "plans.yaml")
    assert (config.organisation, config.namespace, config.hub_crs) == ("gm0361", "EN", 3035)


def test_the_empty_workbook_is_recognised_when_it_is_filled_in(tmp_path: Path) -> None:
    file = tmp_path / "projecten.xlsx"
    file.write_bytes(projects_workbook())
    book = load_workbook(file)
    row = ["00123", "Riool Laat", "Vervangen", "riool,weg", "Vast", "1-4-2026", "30-4-2026", 111500, 516500, None]
    for column, value in enumerate(row, start=1):
        book["Projecten"].cell(2, column, value)
    book.save(file)
    first, rows = begun(file, tmp_path, organisation="gm0361")
    assert first.template is not None
    assert first.template.name == "spreadsheet"
    (plan,) = [row.plan for row in rows]
    assert plan is not None
    assert plan.disciplines == ("gravity_sewer", "road")


def test_a_period_in_one_text_gives_both_ends(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "nr;titel;uitvoering;x;y\n"
        "007;Riool Laat;5.5. - 12.6.2026;111500;516500\n"
        "008;Riool Dijk;week 23 2026;111500;516500\n",
        encoding="utf-8",
    )
    first, rows = begun(file, tmp_path)
    assert "    text: {field: uitvoering}" in first.text
    ends = [row.plan.period.latest_end for row in rows if row.plan is not None]
    assert [f"{end:%m-%d}" for end in ends] == ["06-12", "06-07"]


def test_a_file_with_names_and_no_rows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "empty.geojson"
    file.write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    with pytest.raises(SourceError, match="holds no rows"):
        first_configuration(str(file), tmp_path, Wishes())


def test_works_until_a_day_that_is_written_with_midnight_last_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    rows = ["nr;omschrijving;begin;eind;X;Y"]
    rows += [f"{n:04d};Riool Laat {n};0{n}-04-2027 00:00;{n + 20}-04-2027 00:00;11150{n};516500" for n in (1, 2, 3)]
    file.write_text("\n".join(rows), encoding="utf-8")
    _, mapped = begun(file, tmp_path, organisation="gm0361")
    ends = [row.plan.period.latest_end for row in mapped if row.plan is not None]
    assert [f"{end:%Y-%m-%d %H:%M:%S}" for end in ends] == [f"2027-04-{day} 21:59:59" for day in (21, 22, 23)]


def test_a_joined_kind_of_work_is_written_as_a_list(tmp_path: Path) -> None:
    file = planning(tmp_path)
    book = load_workbook(file)
    book.active["H5"] = "riool + weg"
    book.save(file)
    _, mapped = begun(file, tmp_path, organisation="gm0361")
    assert next(row.plan.disciplines for row in mapped if row.plan) == ("gravity_sewer", "road")

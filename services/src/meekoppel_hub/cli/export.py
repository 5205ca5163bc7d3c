"""`meekoppel export`: plans, overlaps, a calendar and the report of an area, as files for planners."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from meekoppel_contracts.codes import Certainty, Discipline, OverlapKind, Phase, Severity, Status
from meekoppel_hub.cli.export_options import (
    Asked,
    Everything,
    For,
    LanguageName,
    LanguageOption,
    Progress,
    area_of,
    day_end,
    day_start,
    write,
)
from meekoppel_hub.exports.calendar import export_calendar
from meekoppel_hub.exports.crs import WGS84
from meekoppel_hub.exports.orders import Format
from meekoppel_hub.exports.overlaps import export_overlaps
from meekoppel_hub.exports.plans import export_plans
from meekoppel_hub.exports.report import ReportOrder, export_report
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.reading.overlaps import OverlapFilter
from meekoppel_hub.reading.plans import PlanFilter

app = typer.Typer(help="Files for planners: maps, tables, a calendar, the report of an area.", no_args_is_help=True)

FormatOption = Annotated[Format, typer.Option("--format", help="csv, xlsx, geojson or gpkg (GeoPackage, for QGIS).")]
Out = Annotated[Path | None, typer.Option(help="The file to write, whole or not at all; else standard output.")]
Box = Annotated[str | None, typer.Option("--bbox", help="Only in this box: min x,min y,max x,max y in the hub's CRS.")]
AreaFile = Annotated[
    Path | None,
    typer.Option("--area", help="Only in this area: a file with GeoJSON (longitude, latitude) or WKT (the hub's CRS)."),
]
From = Annotated[str | None, typer.Option("--from", help="Only what ends on this day or later, as 2027-03-01.")]
To = Annotated[str | None, typer.Option("--to", help="Only what begins on this day or earlier.")]
Since = Annotated[str | None, typer.Option("--since", help="Only what changed on this day or later.")]
Organisations = Annotated[list[str] | None, typer.Option("--organisation", help="Only of this initiator; repeatable.")]
Statuses = Annotated[list[Status] | None, typer.Option("--status", help="Only with this status; repeatable.")]
Phases = Annotated[list[Phase] | None, typer.Option("--phase", help="Only in this phase; repeatable.")]
Certainties = Annotated[list[Certainty] | None, typer.Option("--certainty", help="Only this certain; repeatable.")]
Disciplines = Annotated[list[Discipline] | None, typer.Option("--discipline", help="Only with it; repeatable.")]
Codes = Annotated[bool, typer.Option("--codes", help="Codes of the contracts instead of their labels.")]
Crs = Annotated[int | None, typer.Option("--crs", help="EPSG number of the coordinates; else the hub's CRS.")]
DutchExcel = Annotated[
    bool, typer.Option("--dutch-excel", help="CSV with semicolons, decimal commas and a byte order mark.")
]
LinkBase = Annotated[str, typer.Option("--link-base", help="Address of the API, for links, as https://hub.example.")]


@app.command(
    epilog="Examples: meekoppel export plans --format gpkg --area town.geojson --out plans.gpkg · "
    "meekoppel export plans --format csv --dutch-excel --status planned --from 2027-01-01 --out plans.csv"
)
def plans(
    output_format: FormatOption = Format.CSV,
    out: Out = None,
    bbox: Box = None,
    area: AreaFile = None,
    from_day: From = None,
    to_day: To = None,
    since: Since = None,
    organisation: Organisations = None,
    status: Statuses = None,
    phase: Phases = None,
    certainty: Certainties = None,
    discipline: Disciplines = None,
    for_organisation: For = None,
    everything: Everything = False,
    language: LanguageOption = LanguageName.NL,
    codes: Codes = False,
    crs: Crs = None,
    dutch_excel: DutchExcel = False,
    link_base: LinkBase = "",
) -> None:
    """Write plans: what anybody may see, or what an organisation may see with --for.

    Names of columns and labels are those that planners use; --codes gives those of programs. No cell is taken for a
    formula by a spreadsheet.
    """
    asked = Asked(for_organisation, everything, language, codes, crs, link_base)
    wanted = PlanFilter(
        area=area_of(bbox, area, asked.settings),
        organisations=tuple(organisation or ()),
        statuses=tuple(status or ()),
        phases=tuple(phase or ()),
        certainties=tuple(certainty or ()),
        disciplines=tuple(discipline or ()),
        period_from=day_start(from_day, "--from", asked.settings),
        period_to=day_end(to_day, "--to", asked.settings),
        changed_since=day_start(since, "--since", asked.settings),
    )
    _give(lambda told: export_plans(asked.order(output_format, told, dutch_csv=dutch_excel), wanted), out, "plans")


@app.command(
    epilog="Examples: meekoppel export overlaps --format xlsx --kind opportunity --out chances.xlsx · "
    "meekoppel export overlaps --severity high --for gemeente-rijnvoorde --out ours.csv"
)
def overlaps(
    output_format: FormatOption = Format.CSV,
    out: Out = None,
    bbox: Box = None,
    area: AreaFile = None,
    from_day: From = None,
    to_day: To = None,
    since: Since = None,
    organisation: Organisations = None,
    kind: Annotated[list[OverlapKind] | None, typer.Option(help="Only of this kind; repeatable.")] = None,
    severity: Annotated[list[Severity] | None, typer.Option(help="Only this severe; repeatable.")] = None,
    state: Annotated[str, typer.Option(help="open, resolved or all.")] = "open",
    plan: Annotated[str | None, typer.Option(help="Only of this plan id.")] = None,
    for_organisation: For = None,
    everything: Everything = False,
    language: LanguageOption = LanguageName.NL,
    codes: Codes = False,
    crs: Crs = None,
    dutch_excel: DutchExcel = False,
    link_base: LinkBase = "",
) -> None:
    """Write where plans meet: of what anybody may see, or of what an organisation may see with --for."""
    if state not in ("open", "resolved", "all"):
        raise typer.BadParameter("write open, resolved or all", param_hint="--state")
    asked = Asked(for_organisation, everything, language, codes, crs, link_base)
    wanted = OverlapFilter(
        kinds=tuple(kind or ()),
        severities=tuple(severity or ()),
        state=None if state == "all" else state,
        organisations=tuple(organisation or ()),
        plan_id=plan,
        area=area_of(bbox, area, asked.settings),
        period_from=day_start(from_day, "--from", asked.settings),
        period_to=day_end(to_day, "--to", asked.settings),
        changed_since=day_start(since, "--since", asked.settings),
    )
    _give(
        lambda told: export_overlaps(asked.order(output_format, told, dutch_csv=dutch_excel), wanted), out, "overlaps"
    )


@app.command(epilog="Example: meekoppel export calendar --area town.geojson --for gemeente-rijnvoorde --out works.ics")
def calendar(
    out: Out = None,
    bbox: Box = None,
    area: AreaFile = None,
    from_day: From = None,
    to_day: To = None,
    since: Since = None,
    organisation: Organisations = None,
    status: Statuses = None,
    discipline: Disciplines = None,
    for_organisation: For = None,
    everything: Everything = False,
    language: LanguageOption = LanguageName.NL,
    link_base: LinkBase = "",
) -> None:
    """Write the periods and deadlines of plans as iCalendar, for Outlook, Google and others.

    An agenda that reads a newer calendar moves what it has: what is cancelled or withdrawn is crossed out.
    """
    asked = Asked(for_organisation, everything, language, False, WGS84, link_base)
    wanted = PlanFilter(
        area=area_of(bbox, area, asked.settings),
        organisations=tuple(organisation or ()),
        statuses=tuple(status or ()),
        disciplines=tuple(discipline or ()),
        period_from=day_start(from_day, "--from", asked.settings),
        period_to=day_end(to_day, "--to", asked.settings),
        changed_since=day_start(since, "--since", asked.settings),
    )
    _give(lambda told: export_calendar(asked.order(Format.GEOJSON, told), wanted), out, "plans")


@app.command(
    epilog="Examples: meekoppel export report --area town.geojson --name Rijnvoorde --since 2026-09-01 --out r.html · "
    "print it with a browser, or chromium --headless --print-to-pdf=r.pdf r.html"
)
def report(
    out: Annotated[Path, typer.Option(help="The HTML file to write.")],
    bbox: Box = None,
    area: AreaFile = None,
    name: Annotated[str | None, typer.Option(help="What the area is called, for the title.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="The day of the last meeting: what changed since.")
    ] = None,
    for_organisation: For = None,
    everything: Everything = False,
    language: LanguageOption = LanguageName.NL,
) -> None:
    """Write the coordination report of an area: map, opportunities, conflicts, time line, changes; to print on A4.

    It is one file that needs nothing else: mail it, open it in a browser, print it or save it there as PDF.
    """
    asked = Asked(for_organisation, everything, language, False, None, "")
    place = area_of(bbox, area, asked.settings)
    if place is None:
        raise SettingsError("a report is of an area: give --area or --bbox")
    called = name or (area.stem if area is not None else str(bbox))
    day = day_start(since, "--since", asked.settings)
    _give(lambda told: export_report(ReportOrder(asked.order(Format.GEOJSON, told), place, called, day)), out, "plans")


def _give(make: Callable[[Callable[[int], None]], Iterator[bytes]], out: Path | None, what: str) -> None:
    """Write an export, and say on standard error how it goes and what it came to."""
    told = Progress(what)
    write(make(told), out, sys.stdout.buffer)
    typer.echo(f"{told.count} {what}{'' if out is None else f' in {out}'}", err=True)

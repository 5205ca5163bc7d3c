"""`meekoppel view at`: plans and overlaps as the hub knew them at an earlier moment."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from sqlalchemy import Connection

from meekoppel_contracts.codes import Status
from meekoppel_hub.cli.export_options import (
    Asked,
    Everything,
    For,
    LanguageName,
    Progress,
    area_of,
    day_end,
    day_start,
    write,
)
from meekoppel_hub.cli.history import parse_time
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.reading.as_of import PageAsOf, plans_as_of
from meekoppel_hub.reading.features import plan_features
from meekoppel_hub.reading.overlaps import OverlapFilter
from meekoppel_hub.reading.overlaps_as_of import overlaps_as_of
from meekoppel_hub.reading.plans import PlanFilter

app = typer.Typer(help="The view: all plans as they stand, and where they meet.", no_args_is_help=True)

EPILOG = (
    "Examples: meekoppel view at 2026-10-01 --bbox 142500,457000,143500,458000 --out then.geojsonl · "
    "meekoppel view at 2026-10-01T12:00:00Z --overlaps --from 2027-01-01 --to 2027-06-30 --everything"
)
_PAGE = 500

Page = Callable[[Connection, str | None], PageAsOf]


@app.command("at", epilog=EPILOG)
def view_at(
    moment: Annotated[str, typer.Argument(help="The moment, as 2026-10-01T12:00:00Z; a date begins at 00:00 UTC.")],
    overlaps: Annotated[bool, typer.Option("--overlaps", help="Where plans met, instead of the plans.")] = False,
    bbox: Annotated[str | None, typer.Option("--bbox", help="In this box: min x,min y,max x,max y.")] = None,
    area: Annotated[Path | None, typer.Option("--area", help="In this area: a file with GeoJSON or WKT.")] = None,
    from_day: Annotated[str | None, typer.Option("--from", help="What ended on this day or later.")] = None,
    to_day: Annotated[str | None, typer.Option("--to", help="What began on this day or earlier.")] = None,
    organisation: Annotated[list[str] | None, typer.Option(help="Of this initiator; repeatable.")] = None,
    status: Annotated[list[Status] | None, typer.Option(help="Plans with this status then; repeatable.")] = None,
    for_organisation: For = None,
    everything: Everything = False,
    out: Annotated[Path | None, typer.Option(help="The file to write; else standard output.")] = None,
) -> None:
    """Write plans (or overlaps) as the hub knew them at a moment: one GeoJSON feature a line, in the hub's CRS.

    All options are about what was known then. What was not shared with the organisation then, or is not now, is left
    out; --everything leaves out what was withdrawn only.
    """
    asked = Asked(for_organisation, everything, LanguageName.EN, True, None, "")
    then, now = parse_time(moment, "MOMENT"), utc_now()
    if then > now:
        raise SettingsError(f"{moment} has not come yet; ask for what was known at an earlier moment")
    where = area_of(bbox, area, asked.settings)
    begin, end = day_start(from_day, "--from", asked.settings), day_end(to_day, "--to", asked.settings)
    of, viewer = tuple(organisation or ()), asked.viewer()
    in_overlaps = OverlapFilter(area=where, organisations=of, period_from=begin, period_to=end)
    in_plans = PlanFilter(area=where, organisations=of, statuses=tuple(status or ()), period_from=begin, period_to=end)

    def page(connection: Connection, after: str | None) -> PageAsOf:
        if overlaps:
            return overlaps_as_of(connection, viewer, in_overlaps, then, after, now, _PAGE)
        return plans_as_of(connection, viewer, in_plans, then, after, now, _PAGE)

    told = Progress("overlaps" if overlaps else "plans")
    with asked.database.read() as connection:
        write(_lines(connection, page, _overlap_features if overlaps else plan_features, told), out, sys.stdout.buffer)
    typer.echo(f"{told.count} {'overlaps' if overlaps else 'plans'} as of {_shown(then)}", err=True)


def _lines(
    connection: Connection, page: Page, features: Callable[[Any], list[dict[str, Any]]], told: Progress
) -> Iterator[bytes]:
    after, count, more = None, 0, True
    while more:
        found = page(connection, after)
        for feature in features(found.seen):
            yield orjson.dumps(feature, option=orjson.OPT_UTC_Z) + b"\n"
        count += len(found.seen)
        told.count = count
        told(count)
        after, more = found.last, found.last is not None


def _overlap_features(sights: Any) -> list[dict[str, Any]]:
    return [sight.feature() for sight in sights]


def _shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

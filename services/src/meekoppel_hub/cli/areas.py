"""`meekoppel areas`: where organisations have a say, or want to be told of plans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import shapely
import typer

from meekoppel_contracts.areas import AreaEvent
from meekoppel_contracts.codes import AreaKind
from meekoppel_contracts.ids import OrgCode, check_area_id, org_code
from meekoppel_hub.cli.asking import As, Yes, as_given, ask_as, sure, wait_for_rules
from meekoppel_hub.cli.history import parse_time
from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.cli.viewers import For, viewer_for
from meekoppel_hub.platform.boundaries import boundary_from_file, small_enough
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.reading.overview import area_overview
from meekoppel_hub.reading.places import Place, PlaceFilter, area_revisions, newest_areas

app = typer.Typer(help="Where organisations have a say, or want to be told of plans.", no_args_is_help=True)

Moment = Annotated[str | None, typer.Option(help="As 2027-01-01, or a time with a zone.")]
_EXAMPLE = (
    "Examples: meekoppel areas apply gemeente --as gm0361 --name Alkmaar --kind municipality --file grenzen.gpkg "
    "--select code=GM0361 --margin 100 · meekoppel areas apply gemeente --as gm0361 --ended"
)


@app.command(epilog=_EXAMPLE)
def apply(
    local_id: Annotated[str, typer.Argument(help="The last part of its id, such as gemeente; or the whole id.")],
    organisation: As,
    file: Annotated[Path | None, typer.Option(help="GeoJSON, WKT, GeoPackage or Shapefile with the border.")] = None,
    select: Annotated[str | None, typer.Option(help="Which feature of the file: property=value.")] = None,
    layer: Annotated[str | None, typer.Option(help="Which layer of the file; else the first.")] = None,
    crs: Annotated[int | None, typer.Option(help="EPSG number of the file, where it does not say so itself.")] = None,
    name: Annotated[str | None, typer.Option(help="As shown to people.")] = None,
    kind: Annotated[AreaKind | None, typer.Option(help="What kind of area it is.")] = None,
    code: Annotated[str | None, typer.Option(help="An official code, such as GM0361.")] = None,
    margin: Annotated[float | None, typer.Option(min=0, help="How far outside works matter too, in metres.")] = None,
    director: Annotated[str | None, typer.Option(help="Who directs in it, where that is not the authority.")] = None,
    member: Annotated[list[str] | None, typer.Option(help="An organisation that belongs to it; repeatable.")] = None,
    valid_from: Moment = None,
    valid_until: Moment = None,
    source: Annotated[str | None, typer.Option(help="Where the border comes from.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="It is no longer in use.")] = False,
    yes: Yes = False,
) -> None:
    """Declare an area, change it (what is left out stays), or end it."""
    settings = HubSettings.read()
    database = view_of_hub(settings)
    prefix = f"{settings.namespace}.{organisation}."
    area_id = check_area_id(local_id if local_id.startswith(prefix) else f"{prefix}{local_id}")
    with database.read() as connection:
        revisions = area_revisions(connection, area_id, utc_now())
    given: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "code": code,
        "margin_m": margin,
        "director": org_code(director) if director else None,
        "members": tuple(org_code(one) for one in member) if member else None,
        "valid_from": parse_time(valid_from, "--valid-from") if valid_from else None,
        "valid_until": parse_time(valid_until, "--valid-until") if valid_until else None,
        "source": source,
        "active": not ended,
    }
    if file is not None:
        area = boundary_from_file(file, settings.crs, crs=crs, select=select, layer=layer)
        given["geometry"], tolerance = small_enough(area)
        if tolerance:
            typer.echo(f"The border was simplified by up to {tolerance:g} m, so that it fits into an event.", err=True)
    changes = {field: value for field, value in given.items() if value is not None}
    event = _changed(revisions, changes) if revisions else _new(area_id, organisation, settings.crs, changes)
    size = shapely.area(shapely.from_wkb(event.geometry)) / 1e6
    what = "End" if ended else "Change" if revisions else "Declare"
    sure(f"{what} {area_id} ({event.name}, {event.kind.value}, {size:.2f} km2)?", yes)
    (answer,) = ask_as(settings, database, organisation, [event])
    if answer.event_id is None:
        typer.echo("It says so already; nothing changed.")
        return
    typer.echo(f"Done: {answer.event_id}.")
    wait_for_rules(database)


@app.command("list", epilog="Example: meekoppel areas list")
def list_areas(
    as_json: Annotated[bool, typer.Option("--json", help="GeoJSON in the hub's CRS instead of a table.")] = False,
) -> None:
    """List the areas, each at its newest revision."""
    with view_of_hub(HubSettings.read()).read() as connection:
        places = list(newest_areas(connection, PlaceFilter(), None, utc_now()))
    if as_json:
        features = [place.feature() for place in places]
        typer.echo(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
        return
    if not places:
        typer.echo("No area was declared; `meekoppel areas apply` does it.")
        return
    columns = ("id", "revision", "name", "kind", "authority", "margin", "km2", "holds")
    show_table(columns, map(_cells, places), whole=("id",), title="Areas")


def _new(area_id: str, organisation: str, crs: int, changes: Mapping[str, Any]) -> AreaEvent:
    missing = [
        f"--{option}"
        for option, field in (("file", "geometry"), ("name", "name"), ("kind", "kind"))
        if field not in changes
    ]
    if missing:
        raise SettingsError(f"{area_id} is new: give {', '.join(missing)}")
    return as_given(
        AreaEvent.model_validate,
        {
            "area_id": area_id,
            "revision": 0,
            "authority": OrgCode(organisation),
            "srid": crs,
            "recorded_at": utc_now(),
            **changes,
        },
    )


def _changed(revisions: list[Place], changes: Mapping[str, Any]) -> AreaEvent:
    before = revisions[-1].event
    assert isinstance(before, AreaEvent)
    return as_given(AreaEvent.model_validate, {**dict(before), **changes, "revision": 0, "recorded_at": utc_now()})


def _cells(place: Place) -> tuple[str, ...]:
    event = place.event
    assert isinstance(event, AreaEvent)
    size = shapely.area(shapely.from_wkb(event.geometry)) / 1e6
    return (
        event.area_id,
        str(event.revision),
        event.name,
        event.kind.value,
        event.authority,
        f"{event.margin_m:g} m",
        f"{size:.2f}",
        "yes" if place.holds else "no",
    )


@app.command(epilog="Example: meekoppel areas overview NL.gm0361.gemeente --for gm0361")
def overview(
    area_id: Annotated[str, typer.Argument(help="The area's id.")],
    organisation: For = None,
) -> None:
    """Show what goes on in an area: plans, overlaps, missed deadlines, cooperations, moratoria; as JSON."""
    database = view_of_hub(HubSettings.read())
    viewer = viewer_for(database, organisation)
    with database.read() as connection:
        revisions = area_revisions(connection, area_id, utc_now())
        if not revisions:
            raise SettingsError(f"there is no area {area_id}; `meekoppel areas list` lists them")
        area = revisions[-1].event
        assert isinstance(area, AreaEvent)
        shown = area_overview(connection, viewer, area, utc_now())
    typer.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())

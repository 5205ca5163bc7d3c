"""`meekoppel moratoria`: where and when the ground is not to be opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.codes import (
    Discipline,
    MoratoriumEventType,
    MoratoriumException,
    MoratoriumKind,
    MoratoriumOrigin,
)
from meekoppel_contracts.ids import OrgCode, check_moratorium_id, check_plan_id
from meekoppel_hub.cli.asking import As, Yes, as_given, ask_as, sure
from meekoppel_hub.cli.history import parse_time
from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.platform.boundaries import boundary_from_file, small_enough
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.reading.places import Place, PlaceFilter, moratorium_revisions, newest_moratoria

app = typer.Typer(help="Where and when the ground is not to be opened (graafrust, sperperiode).", no_args_is_help=True)

_EXAMPLE = (
    "Example: meekoppel moratoria declare rust-merelstraat --as gm0361 --file zone.geojson --from 2027-01-01 "
    "--until 2032-01-01 --title 'Graafrust Merelstraat' --reason 'De straat is vernieuwd.' --except leak_repair"
)
LocalId = Annotated[str, typer.Argument(help="The last part of its id; or the whole id.")]


@app.command(epilog=_EXAMPLE)
def declare(
    local_id: LocalId,
    organisation: As,
    file: Annotated[Path | None, typer.Option(help="GeoJSON, WKT, GeoPackage or Shapefile with the zone.")] = None,
    select: Annotated[str | None, typer.Option(help="Which feature of the file: property=value.")] = None,
    crs: Annotated[int | None, typer.Option(help="EPSG number of the file, where it does not say so itself.")] = None,
    starts: Annotated[str | None, typer.Option("--from", help="From when it holds, as 2027-01-01.")] = None,
    ends: Annotated[str | None, typer.Option("--until", help="Until when; else until it is lifted.")] = None,
    title: Annotated[str | None, typer.Option(help="A short name.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, in words.")] = None,
    kind: Annotated[MoratoriumKind | None, typer.Option(help="What kind it is.")] = None,
    legal_ground: Annotated[str | None, typer.Option(help="By-law or decision on which it rests.")] = None,
    legal_ground_uri: Annotated[str | None, typer.Option(help="Where that can be read.")] = None,
    discipline: Annotated[list[Discipline] | None, typer.Option(help="Only for these; repeatable.")] = None,
    exception: Annotated[
        list[MoratoriumException] | None, typer.Option("--except", help="May be done all the same; repeatable.")
    ] = None,
    exempt_plan: Annotated[list[str] | None, typer.Option(help="A plan that may go on; repeatable.")] = None,
    yes: Yes = False,
) -> None:
    """Declare a moratorium, or change one (what is left out stays)."""
    settings = HubSettings.read()
    database = view_of_hub(settings)
    before = _newest(settings, database, local_id, organisation)
    given: dict[str, Any] = {
        "title": title,
        "reason": reason,
        "kind": kind,
        "starts": parse_time(starts, "--from") if starts else None,
        "ends": parse_time(ends, "--until") if ends else None,
        "legal_ground": legal_ground,
        "legal_ground_uri": legal_ground_uri,
        "disciplines": tuple(discipline) if discipline else None,
        "exceptions": tuple(exception) if exception else None,
        "exempt_plans": tuple(check_plan_id(plan) for plan in exempt_plan) if exempt_plan else None,
    }
    if file is not None:
        given["geometry"], _ = small_enough(boundary_from_file(file, settings.crs, crs=crs, select=select))
    changes = {field: value for field, value in given.items() if value is not None}
    moratorium_id = _identifier(settings, local_id, organisation)
    event = _event(moratorium_id, organisation, settings.crs, before, changes)
    until = f"until {event.ends:%Y-%m-%d}" if event.ends else "until it is lifted"
    what = "Declare" if before is None else "Change"
    sure(f"{what} {moratorium_id} ({event.title}), from {event.starts:%Y-%m-%d} {until}?", yes)
    (answer,) = ask_as(settings, database, organisation, [event])
    typer.echo(f"Done: {answer.event_id}." if answer.event_id else "It says so already; nothing changed.")


@app.command(
    epilog="Example: meekoppel moratoria lift rust-merelstraat --as gm0361 --reason 'De leiding is gesprongen.'"
)
def lift(
    local_id: LocalId,
    organisation: As,
    reason: Annotated[str | None, typer.Option(help="Why, in words.")] = None,
    yes: Yes = False,
) -> None:
    """Lift a moratorium."""
    settings = HubSettings.read()
    database = view_of_hub(settings)
    before = _newest(settings, database, local_id, organisation)
    if before is None:
        raise SettingsError(
            f"there is no moratorium {local_id} of {organisation}; `meekoppel moratoria list` shows them"
        )
    sure(f"Lift {before.moratorium_id} ({before.title})?", yes)
    lifting = {
        "type": MoratoriumEventType.LIFTED,
        "revision": 0,
        "lifted_reason": reason,
        "recorded_at": utc_now(),
    }
    (answer,) = ask_as(settings, database, organisation, [before.model_copy(update=lifting)])
    typer.echo(f"Lifted: {answer.event_id}." if answer.event_id else "It was lifted already; nothing changed.")


@app.command("list", epilog="Example: meekoppel moratoria list --authority gm0361 --holding-at 2027-03-01")
def list_moratoria(
    authority: Annotated[str | None, typer.Option(help="Only of this organisation.")] = None,
    holding_at: Annotated[str | None, typer.Option(help="Only what holds then, as 2027-03-01.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="GeoJSON in the hub's CRS instead of a table.")] = False,
) -> None:
    """List the moratoria, each at its newest revision."""
    wanted = PlaceFilter(authority=authority, holding_at=parse_time(holding_at, "--holding-at") if holding_at else None)
    with view_of_hub(HubSettings.read()).read() as connection:
        places = list(newest_moratoria(connection, wanted, None, utc_now()))
    if as_json:
        features = [place.feature() for place in places]
        typer.echo(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
        return
    if not places:
        typer.echo("There are none.")
        return
    columns = ("id", "revision", "title", "origin", "from", "until", "holds")
    show_table(columns, map(_cells, places), whole=("id",), title="Moratoria")


def _identifier(settings: HubSettings, local_id: str, organisation: str) -> str:
    prefix = f"{settings.namespace}.{organisation}."
    return check_moratorium_id(local_id if local_id.startswith(prefix) else f"{prefix}{local_id}")


def _newest(settings: HubSettings, database: Database, local_id: str, organisation: str) -> MoratoriumEvent | None:
    with database.read() as connection:
        revisions = moratorium_revisions(connection, _identifier(settings, local_id, organisation), utc_now())
    event = revisions[-1].event if revisions else None
    assert event is None or isinstance(event, MoratoriumEvent)
    return event


def _event(
    moratorium_id: str, organisation: str, crs: int, before: MoratoriumEvent | None, changes: Mapping[str, Any]
) -> MoratoriumEvent:
    needed = {"geometry": "--file", "starts": "--from", "title": "--title", "reason": "--reason"}
    missing = [option for field, option in needed.items() if before is None and field not in changes]
    if missing:
        raise SettingsError(f"{moratorium_id} is new: give {', '.join(missing)}")
    new = {
        "moratorium_id": moratorium_id,
        "authority": OrgCode(organisation),
        "kind": MoratoriumKind.OTHER,
        "origin": MoratoriumOrigin.DECLARED,
        "srid": crs,
    }
    known = dict(before) if before is not None else new
    said = {"type": MoratoriumEventType.DECLARED, "revision": 0, "recorded_at": utc_now()}
    return as_given(MoratoriumEvent.model_validate, {**known, **changes, **said})


def _cells(place: Place) -> tuple[str, ...]:
    event = place.event
    assert isinstance(event, MoratoriumEvent)
    return (
        event.moratorium_id,
        str(event.revision),
        event.title,
        event.origin.value,
        f"{event.starts:%Y-%m-%d}",
        f"{event.ends:%Y-%m-%d}" if event.ends else "",
        "lifted" if event.lifted_at else "yes" if place.holds else "no",
    )

"""`meekoppel agreements simulate`: what an agreement would add, remove and change, before it is applied."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import shapely
import typer
from shapely.geometry import mapping

from meekoppel_contracts.codes import OverlapEventType
from meekoppel_hub.cli.agreements import File, Identifier, app, proposal
from meekoppel_hub.cli.asking import As
from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.coordination.simulation import Expected, Simulation, simulate
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.settings import HubSettings

EPILOG = (
    "Examples: meekoppel agreements simulate afspraken.yaml --as gm0361 · "
    "meekoppel agreements simulate afspraken.yaml --as gm0361 --geojson verschil.geojson --csv verschil.csv"
)

_WORDS = {
    OverlapEventType.DETECTED: "added",
    OverlapEventType.CHANGED: "changed",
    OverlapEventType.RESOLVED: "removed",
}
_TELL_EVERY = 5_000


@app.command("simulate", epilog=EPILOG)
def simulate_agreement(
    file: File,
    organisation: As,
    identifier: Identifier = None,
    examples: Annotated[int, typer.Option(min=0, help="How many pairs are shown of each.")] = 5,
    geojson: Annotated[Path | None, typer.Option(help="Write all pairs as GeoJSON points in the hub's CRS.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write all pairs as CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The counts as one JSON document.")] = False,
) -> None:
    """Show what an agreement would add, remove and change; the live view is not touched."""
    settings = HubSettings.read()
    database = view_of_hub(settings)
    event, _ = proposal(settings, database, file, organisation, identifier)
    found = simulate(database, event, utc_now(), _tell_progress)
    expected = sorted(found.expected.values(), key=lambda one: (one.type.value, one.after.kind, one.after.overlap_id))
    if geojson is not None:
        geojson.write_text(_geojson(expected, settings.crs), encoding="utf-8")
    if csv_file is not None:
        _write_csv(expected, csv_file)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
        return
    _tell(found, expected, examples)
    for written in (geojson, csv_file):
        if written is not None:
            typer.echo(f"{len(expected)} pairs are in {written}.")


def _tell(found: Simulation, expected: Sequence[Expected], examples: int) -> None:
    if not found.changes_rules:
        typer.echo("No rule that holds would change: it holds already, or in no area that is in use.")
        return
    counts = Counter((_WORDS[one.type], _kind(one)) for one in expected)
    typer.echo(f"It concerns {found.plans} plans, as of {found.moment:%Y-%m-%d %H:%M} UTC.")
    if not expected:
        typer.echo("No pair would be added, removed or changed.")
        return
    rows = [(what, kind, str(count)) for (what, kind), count in sorted(counts.items())]
    show_table(("what", "kind", "pairs"), rows, whole=("what", "kind"))
    for what in _WORDS.values():
        for one in [one for one in expected if _WORDS[one.type] == what][:examples]:
            typer.echo(f"{what}: {one.after.first_plan} and {one.after.second_plan}: {one.after.explanation}")


def _kind(one: Expected) -> str:
    before = one.before.kind if one.before is not None else one.after.kind
    changed = one.type is OverlapEventType.CHANGED and before != one.after.kind
    return f"{before} → {one.after.kind}" if changed else one.after.kind


def _as_json(found: Simulation) -> dict[str, Any]:
    counts: dict[str, dict[str, int]] = {word: {} for word in _WORDS.values()}
    for one in found.expected.values():
        of_kind = counts[_WORDS[one.type]]
        of_kind[_kind(one)] = of_kind.get(_kind(one), 0) + 1
    return {
        "changes_rules": found.changes_rules,
        "as_of": found.moment.isoformat(),
        "plans": found.plans,
        "pairs": counts,
    }


def _properties(one: Expected) -> dict[str, Any]:
    was_open = one.before is not None and one.before.state == "open"
    return {
        "what": _WORDS[one.type],
        "kind_before": one.before.kind if one.before is not None and was_open else None,
        "kind_after": None if one.type is OverlapEventType.RESOLVED else one.after.kind,
        "severity_after": one.after.severity,
        "score_after": one.after.score,
        "first_plan": one.after.first_plan,
        "first_organisation": one.after.first_organisation,
        "second_plan": one.after.second_plan,
        "second_organisation": one.after.second_organisation,
        "rules": one.after.rulesets,
        "explanation": one.after.explanation,
    }


def _geojson(expected: Sequence[Expected], crs: int) -> str:
    features = [
        {
            "type": "Feature",
            "id": one.after.overlap_id,
            "geometry": mapping(shapely.from_wkb(one.after.location)),
            "properties": _properties(one),
        }
        for one in expected
    ]
    named = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{crs}"}}
    return json.dumps({"type": "FeatureCollection", "crs": named, "features": features}, ensure_ascii=False)


def _write_csv(expected: Sequence[Expected], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(("overlap_id", *_properties(expected[0])) if expected else ("overlap_id",))
        writer.writerows((one.after.overlap_id, *_properties(one).values()) for one in expected)


def _tell_progress(matched: int) -> None:
    if matched % _TELL_EVERY == 0:
        typer.echo(f"{matched} plans matched", err=True)

"""`meekoppel overlaps`: where plans meet, and what their owners say of it."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import orjson
import typer

from meekoppel_contracts.codes import AssessmentAnswer, OverlapKind
from meekoppel_contracts.ids import CooperationId
from meekoppel_hub.asking.assessments import assessment_request, judged_by
from meekoppel_hub.cli.asking import As, ask_as
from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.cli.viewers import For, viewer_for
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.reading.assessments import assessments_of
from meekoppel_hub.reading.overlaps import OverlapFilter, find_overlap, visible_overlaps
from meekoppel_hub.reading.sight import AnySight

app = typer.Typer(help="Where plans meet, and what their owners say of it.", no_args_is_help=True)

_ROWS_AT_ONCE = 200
OverlapId = Annotated[str, typer.Argument(help="The overlap's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]


@app.command("list", epilog="Example: meekoppel overlaps list --for gm0361 --kind conflict_heavy")
def list_overlaps(
    organisation: For = None,
    kind: Annotated[list[OverlapKind] | None, typer.Option(help="Only this kind; repeatable.")] = None,
    plan: Annotated[str | None, typer.Option(help="Only overlaps of this plan.")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Those of plans that no longer meet.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List where plans meet."""
    database = view_of_hub(HubSettings.read())
    wanted = OverlapFilter(
        kinds=tuple(one.value for one in kind or ()), plan_id=plan, state="resolved" if resolved else "open"
    )
    viewer = viewer_for(database, organisation)
    with database.read() as connection:
        found = list(islice(visible_overlaps(connection, viewer, wanted, None, utc_now(), _ROWS_AT_ONCE), limit + 1))
    shown = found[:limit]
    if as_json:
        typer.echo(orjson.dumps([sight.feature() for sight in shown], option=orjson.OPT_INDENT_2).decode())
    elif not shown:
        typer.echo("No plans meet.")
    else:
        columns = ("overlap", "revision", "kind", "severity", "first", "second")
        show_table(columns, map(_cells, shown), whole=("overlap", "first", "second"), title="Overlaps")
    if len(found) > limit:
        typer.echo(f"There are more than {limit}; give --limit, or narrow it down.", err=True)


@app.command(epilog="Example: meekoppel overlaps show 2f1c0d5e8a7b4c6d9e0f1a2b3c4d5e6f")
def show(overlap_id: OverlapId, organisation: For = None) -> None:
    """Show one overlap, and what both parties say of it and said before."""
    database = view_of_hub(HubSettings.read())
    viewer = viewer_for(database, organisation)
    with database.read() as connection:
        sight = find_overlap(connection, viewer, overlap_id, utc_now())
        if sight is None:
            raise _unknown(overlap_id)
        document: dict[str, Any] = {**sight.feature(), "assessments": assessments_of(connection, sight, viewer)}
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


@app.command(
    epilog='Example: meekoppel overlaps assess 2f1c0d5e8a7b4c6d9e0f1a2b3c4d5e6f yes --as gm0361 --note "We can wait"'
)
def assess(
    overlap_id: OverlapId,
    answer: Annotated[AssessmentAnswer, typer.Argument(help="yes, no, or undecided to leave it.")],
    organisation: As,
    revision: Annotated[int | None, typer.Option(min=1, help="The revision that was judged; else the newest.")] = None,
    note: Annotated[str | None, typer.Option(help="A note; no persons, please.")] = None,
    decision: Annotated[str | None, typer.Option(help="What was decided.")] = None,
    opens_up: Annotated[bool, typer.Option("--opens-up", help="Show our restricted plan to the other.")] = False,
    cooperation: Annotated[str | None, typer.Option(help="The cooperation that came of it.")] = None,
) -> None:
    """Say, for one of its two parties, what it thinks of an overlap."""
    settings = HubSettings.read()
    database = view_of_hub(settings)
    with database.read() as connection:
        sight = find_overlap(connection, viewer_for(database, organisation), overlap_id, utc_now())
    judged = None if sight is None else judged_by(sight, organisation)
    if judged is None:
        raise _unknown(overlap_id)
    if revision is not None and revision > judged.revision:
        raise SettingsError(f"overlap {overlap_id} stands at revision {judged.revision}: there is no {revision} yet")
    event = assessment_request(
        judged,
        revision or judged.revision,
        utc_now(),
        answer=answer,
        note=note,
        decision=decision,
        opens_up=opens_up,
        cooperation_id=None if cooperation is None else CooperationId(cooperation),
    )
    (told,) = ask_as(settings, database, organisation, [event])
    typer.echo(f"Done: {told.event_id}." if told.event_id else "It says so already; nothing changed.")


def _cells(sight: AnySight) -> tuple[str, ...]:
    row = sight.row
    sides = ("(hidden)" if side is None else side.plan_id for side in (sight.first, sight.second))
    return (row.overlap_id, str(row.revision), row.kind, row.severity, *sides)


def _unknown(overlap_id: str) -> SettingsError:
    return SettingsError(
        f"there is no overlap {overlap_id} that this organisation may see or assess; `meekoppel overlaps list`"
    )

"""`meekoppel cooperations`: what organisations propose to do together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Any

import orjson
import typer

from meekoppel_contracts.codes import CooperationAnswer, CooperationEventType, CooperationState
from meekoppel_contracts.coordination import AgreedWindow, CooperationEvent
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.asking.cooperations import act_on, added, own_line, proposal
from meekoppel_hub.cli.asking import As, as_given, ask_as
from meekoppel_hub.cli.history import parse_time
from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.cli.viewers import For, viewer_for
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.inbox_message import new_cooperation_id
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.reading.cooperations import (
    CooperationFilter,
    cooperation_entry,
    cooperation_history,
    visible_cooperations,
)
from meekoppel_hub.reading.history import may_look_back

app = typer.Typer(help="What organisations propose to do together.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The cooperation's id.")]
Moment = Annotated[str | None, typer.Option(help="As 2027-01-01, or a time with a zone.")]
_FINAL = {
    "done": CooperationState.DONE,
    "without-result": CooperationState.ENDED_WITHOUT_RESULT,
    "withdrawn": CooperationState.WITHDRAWN,
}


@app.command("list", epilog="Example: meekoppel cooperations list --for gm0361 --state in_consultation")
def list_cooperations(
    organisation: For = None,
    state: Annotated[list[CooperationState] | None, typer.Option(help="Only in this state; repeatable.")] = None,
    plan: Annotated[str | None, typer.Option(help="Only with this plan.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """List cooperations."""
    database = view_of_hub(HubSettings.read())
    wanted = CooperationFilter(tuple(one.value for one in state or ()), None, plan)
    viewer = viewer_for(database, organisation)
    with database.read() as connection:
        found = list(islice(visible_cooperations(connection, viewer, wanted, None), limit))
    if not found:
        typer.echo("There are no cooperations.")
        return
    columns = ("cooperation", "state", "title", "proposed by", "lead", "answer by")
    show_table(columns, map(_cells, found), whole=("cooperation",), title="Cooperations")


@app.command(epilog="Example: meekoppel cooperations show coop_0123456789abcdef0123")
def show(cooperation_id: Id, organisation: For = None) -> None:
    """Show one cooperation with its whole history."""
    events = _events(view_of_hub(HubSettings.read()), cooperation_id, organisation)
    document = {**cooperation_entry(events[-1]), "history": [cooperation_entry(event) for event in events]}
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


@app.command(
    epilog='Example: meekoppel cooperations propose "Open once" --as gm0361 --plan NL.gm0361.1 --plan NL.vitens.7'
)
def propose(
    title: Annotated[str, typer.Argument(help="What it is about.")],
    organisation: As,
    plan: Annotated[list[str], typer.Option(help="A plan; repeatable, two at least, one of them its own.")],
    description: Annotated[str | None, typer.Option(help="More about it.")] = None,
    lead: Annotated[str | None, typer.Option(help="Who leads; the proposer when left out.")] = None,
    answer_by: Moment = None,
    add_works_by: Moment = None,
) -> None:
    """Propose to the owners of other plans to do works together; deadlines come from the agreements when left out."""
    _check_seen(view_of_hub(HubSettings.read()), organisation, plan)
    event = as_given(
        proposal,
        OrgCode(organisation),
        new_cooperation_id(),
        plan,
        utc_now(),
        title=title,
        description=description,
        lead=None if lead is None else OrgCode(lead),
        answer_by=parse_time(answer_by, "--answer-by") if answer_by else None,
        add_works_by=parse_time(add_works_by, "--add-works-by") if add_works_by else None,
    )
    _ask(organisation, event)
    typer.echo(f"The cooperation is {event.cooperation_id}.")


@app.command(epilog="Example: meekoppel cooperations answer coop_0123456789abcdef0123 yes --as vitens")
def answer(
    cooperation_id: Id,
    answer: Annotated[CooperationAnswer, typer.Argument(help="yes, no or undecided.")],
    organisation: As,
    note: Annotated[str | None, typer.Option(help="A note; no persons, please.")] = None,
) -> None:
    """Answer a proposal."""
    _act(
        cooperation_id,
        organisation,
        CooperationEventType.ANSWERED,
        parties=own_line(OrgCode(organisation), answer, note),
    )


@app.command("add-plan", epilog="Example: meekoppel cooperations add-plan coop_0123456789abcdef0123 NL.pwn.3 --as pwn")
def add_plan(
    cooperation_id: Id, plan: Annotated[str, typer.Argument(help="A plan of its own.")], organisation: As
) -> None:
    """Add works of one's own."""
    database = view_of_hub(HubSettings.read())
    current = _events(database, cooperation_id, organisation)[-1]
    _check_seen(database, organisation, [plan])
    plans = added(current, OrgCode(organisation), [plan])
    _act(cooperation_id, organisation, CooperationEventType.CHANGED, plans=plans)


@app.command(
    epilog="Example: meekoppel cooperations agree coop_0123456789ab --as gm0361 --starts 2027-09-01 --ends 2027-10-01"
)
def agree(cooperation_id: Id, organisation: As, starts: Moment = None, ends: Moment = None) -> None:
    """Record, as the lead, that all agree, and on when; without dates on the window that was proposed."""
    window: dict[str, Any] = {}
    if starts and ends:
        window["window"] = as_given(
            AgreedWindow, starts=parse_time(starts, "--starts"), ends=parse_time(ends, "--ends")
        )
    elif starts or ends:
        raise SettingsError("a window has a start and an end: give --starts and --ends")
    _act(cooperation_id, organisation, CooperationEventType.AGREED, **window)


@app.command(epilog="Example: meekoppel cooperations start coop_0123456789abcdef0123 --as gm0361")
def start(cooperation_id: Id, organisation: As) -> None:
    """Record, as the lead, that the works began."""
    _act(cooperation_id, organisation, CooperationEventType.CHANGED, state=CooperationState.IN_PROGRESS)


@app.command(epilog="Example: meekoppel cooperations end coop_0123456789abcdef0123 withdrawn --as gm0361")
def end(
    cooperation_id: Id,
    how: Annotated[str, typer.Argument(help="done, without-result or withdrawn.")],
    organisation: As,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
) -> None:
    """End it: the lead as done or without result, the proposer by withdrawing it."""
    if how not in _FINAL:
        raise SettingsError(f"a cooperation does not end as {how!r}; give one of {', '.join(_FINAL)}")
    _act(cooperation_id, organisation, CooperationEventType.ENDED, state=_FINAL[how], reason=reason)


def _check_seen(database: Database, organisation: str, plan_ids: Sequence[str]) -> None:
    """Refuse plans that the organisation does not see; the hub would wait a minute for the log to bring them."""
    viewer = viewer_for(database, organisation)
    with database.read() as connection:
        unknown = [one for one in plan_ids if not may_look_back(connection, viewer, one, utc_now())]
    if unknown:
        raise SettingsError(
            f"there is no plan {', '.join(unknown)} that {organisation} may see; "
            f"`meekoppel export plans --for {organisation}` lists those"
        )


def _act(cooperation_id: str, organisation: str, kind: CooperationEventType, **said: Any) -> None:
    current = _events(view_of_hub(HubSettings.read()), cooperation_id, organisation)[-1]
    _ask(organisation, act_on(current, OrgCode(organisation), kind, utc_now(), **said))


def _ask(organisation: str, event: CooperationEvent) -> None:
    settings = HubSettings.read()
    (told,) = ask_as(settings, view_of_hub(settings), organisation, [event])
    typer.echo(f"Done: {told.event_id}." if told.event_id else "It says so already; nothing changed.")


def _events(database: Database, cooperation_id: str, organisation: str | None) -> list[CooperationEvent]:
    viewer = viewer_for(database, organisation)
    with database.read() as connection:
        events = cooperation_history(connection, viewer, cooperation_id)
    if not events:
        raise SettingsError(
            f"there is no cooperation {cooperation_id} that may be seen; `meekoppel cooperations list` lists them"
        )
    return events


def _cells(event: CooperationEvent) -> tuple[str, ...]:
    until = "" if event.answer_by is None else f"{event.answer_by:%Y-%m-%d}"
    return (event.cooperation_id, event.state.value, event.title, event.proposed_by, event.lead or "", until)

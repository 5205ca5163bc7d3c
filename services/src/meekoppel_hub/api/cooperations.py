"""Cooperations: what organisations propose to do together."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from meekoppel_contracts.codes import CooperationEventType, CooperationState
from meekoppel_contracts.coordination import CooperationEvent
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.api import asking_examples as examples
from meekoppel_hub.api.answers import JsonAnswer
from meekoppel_hub.api.context import ApiContext, Context, OrganisationViewer
from meekoppel_hub.api.cooperation_orders import Agreement, Answer, Changes, End, Plans, Proposal
from meekoppel_hub.api.errors import BadRequest, NotFound
from meekoppel_hub.api.paging import DEFAULT_LIMIT, Cursor, Limit, one_page, read_cursor, without_nul
from meekoppel_hub.api.requests import ask, code_of
from meekoppel_hub.asking.cooperations import act_on, added, own_line, proposal
from meekoppel_hub.platform.inbox_message import new_cooperation_id
from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.cooperations import (
    CooperationFilter,
    cooperation_entry,
    cooperation_history,
    visible_cooperations,
)

router = APIRouter(tags=["cooperations"])

States = Annotated[list[CooperationState] | None, Query(description="One of these; may be given more than once.")]
Party = Annotated[str | None, Query(description="An organisation that takes part.", examples=["stedennet"])]
PlanOf = Annotated[str | None, Query(description="One of its plans.", examples=["NL.stedennet.SN-0042"])]
CooperationPath = Annotated[str, Path(description="The cooperation's id.", examples=["coop_0123456789abcdef0123"])]


@router.get("/cooperations", summary="What organisations do together", responses=examples.COOPERATIONS)
def list_cooperations(
    context: Context,
    viewer: OrganisationViewer,
    state: States = None,
    organisation: Party = None,
    plan: PlanOf = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Give a page of cooperations, by id; those on restricted plans are for their parties alone."""
    wanted = CooperationFilter(
        tuple(one.value for one in state or ()),
        without_nul(organisation) if organisation is not None else None,
        without_nul(plan) if plan is not None else None,
    )
    after = read_cursor(cursor)
    with context.database.read() as connection:
        found = visible_cooperations(connection, viewer, wanted, after)
        page, next_cursor = one_page(found, limit, lambda event: str(event.cooperation_id))
    return JsonAnswer({"cooperations": [cooperation_entry(event) for event in page], "next": next_cursor})


@router.get("/cooperations/{cooperation_id}", summary="One cooperation", responses=examples.COOPERATION)
def get_cooperation(context: Context, viewer: OrganisationViewer, cooperation_id: CooperationPath) -> Response:
    """Give a cooperation as it stands, with its whole history."""
    events = _events(context, viewer, cooperation_id)
    return JsonAnswer({**cooperation_entry(events[-1]), "history": [cooperation_entry(event) for event in events]})


@router.post("/cooperations", summary="Propose to cooperate", status_code=202, responses=examples.ASKED)
def propose(context: Context, viewer: OrganisationViewer, order: Proposal) -> Response:
    """Propose to the owners of other plans to do works together; the answer names the new cooperation."""
    cooperation_id = new_cooperation_id()
    event = proposal(
        code_of(viewer),
        cooperation_id,
        order.plans,
        context.clock(),
        title=order.title,
        description=order.description,
        kinds=tuple(order.kinds),
        lead=None if order.lead is None else OrgCode(order.lead),
        answer_by=order.answer_by,
        add_works_by=order.add_works_by,
        window=None if order.window is None else order.window.agreed(),
    )
    return ask(context, viewer, event, cooperation_id=cooperation_id)


@router.post(
    "/cooperations/{cooperation_id}/answers", summary="Answer a proposal", status_code=202, responses=examples.ASKED
)
def answer(context: Context, viewer: OrganisationViewer, cooperation_id: CooperationPath, order: Answer) -> Response:
    """Say whether your organisation takes part."""
    parties = own_line(code_of(viewer), order.answer, order.note)
    return _act(context, viewer, cooperation_id, CooperationEventType.ANSWERED, parties=parties)


@router.post(
    "/cooperations/{cooperation_id}/plans", summary="Add works of your own", status_code=202, responses=examples.ASKED
)
def add_plans(context: Context, viewer: OrganisationViewer, cooperation_id: CooperationPath, order: Plans) -> Response:
    """Add plans of your own; whoever adds works takes part."""
    current = _events(context, viewer, cooperation_id)[-1]
    if set(order.plans) <= {plan.plan_id for plan in current.plans}:
        raise BadRequest("these plans take part already; name others, or answer")
    plans = added(current, code_of(viewer), order.plans)
    return _act(context, viewer, cooperation_id, CooperationEventType.CHANGED, plans=plans)


@router.post("/cooperations/{cooperation_id}/agreement", summary="Agree", status_code=202, responses=examples.ASKED)
def agree(context: Context, viewer: OrganisationViewer, cooperation_id: CooperationPath, order: Agreement) -> Response:
    """Record, as the lead, that all agree, and on when."""
    window = {} if order.window is None else {"window": order.window.agreed()}
    return _act(context, viewer, cooperation_id, CooperationEventType.AGREED, **window)


@router.post("/cooperations/{cooperation_id}/start", summary="Begin", status_code=202, responses=examples.ASKED)
def start(context: Context, viewer: OrganisationViewer, cooperation_id: CooperationPath) -> Response:
    """Record, as the lead, that the works began."""
    state = CooperationState.IN_PROGRESS
    return _act(context, viewer, cooperation_id, CooperationEventType.CHANGED, state=state)


@router.patch("/cooperations/{cooperation_id}", summary="Change", status_code=202, responses=examples.ASKED)
def change(context: Context, viewer: OrganisationViewer, cooperation_id: CooperationPath, order: Changes) -> Response:
    """Change, as the lead, what it says of itself, its lead or its deadlines; what is left out stays."""
    said: dict[str, Any] = order.model_dump(exclude_none=True, exclude={"window", "kinds"})
    if order.kinds is not None:
        said["kinds"] = tuple(order.kinds)
    if order.window is not None:
        said["window"] = order.window.agreed()
    return _act(context, viewer, cooperation_id, CooperationEventType.CHANGED, **said)


@router.post("/cooperations/{cooperation_id}/end", summary="End", status_code=202, responses=examples.ASKED)
def end(context: Context, viewer: OrganisationViewer, cooperation_id: CooperationPath, order: End) -> Response:
    """End it: the lead as done or without result, the proposer by withdrawing it."""
    state = CooperationState(order.state.value)
    return _act(context, viewer, cooperation_id, CooperationEventType.ENDED, state=state, reason=order.reason)


def _act(context: ApiContext, viewer: Viewer, cooperation_id: str, kind: CooperationEventType, **said: Any) -> Response:
    current = _events(context, viewer, cooperation_id)[-1]
    event = act_on(current, code_of(viewer), kind, context.clock(), **said)
    return ask(context, viewer, event, cooperation_id=cooperation_id)


def _events(context: ApiContext, viewer: Viewer, cooperation_id: str) -> list[CooperationEvent]:
    with context.database.read() as connection:
        events = cooperation_history(connection, viewer, without_nul(cooperation_id))
    if not events:
        raise NotFound(f"there is no cooperation {cooperation_id} that you may see; GET /cooperations lists them")
    return events

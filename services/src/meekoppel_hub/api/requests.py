"""Requests: what an organisation asks goes into its inbox, and what became of it can be looked up."""

from __future__ import annotations

from typing import Annotated

import anyio.from_thread
from fastapi import APIRouter, Path
from starlette.responses import Response

from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import Contract
from meekoppel_hub.api import asking_examples as examples
from meekoppel_hub.api.answers import JsonAnswer
from meekoppel_hub.api.context import ApiContext, Context, OrganisationViewer
from meekoppel_hub.api.errors import BadRequest, NotFound
from meekoppel_hub.api.paging import without_nul
from meekoppel_hub.asking.outcome import outcome_of
from meekoppel_hub.platform.inbox_message import inbox_message
from meekoppel_hub.reading.access import Viewer

router = APIRouter(tags=["requests"])

RequestPath = Annotated[
    str, Path(description="The id that the answer to a POST gave.", examples=["req_0123456789abcdef01234567"])
]


@router.get("/requests/{request_id}", summary="What became of a request", responses=examples.REQUEST)
def get_request(context: Context, viewer: OrganisationViewer, request_id: RequestPath) -> Response:
    """Tell whether the hub accepted a request of your organisation, and else why not.

    `outcome` is accepted (`event_id` names the event in the log), unchanged (it says what holds already), refused
    (with reason, field and message), or waiting. 404 while the hub has not taken it up: ask again in a moment.
    """
    with context.database.read() as connection:
        found = outcome_of(connection, code_of(viewer), without_nul(request_id))
    if found is None:
        raise NotFound(f"the hub has not taken up a request {request_id} of yours; ask again in a moment")
    return JsonAnswer(found)


def ask(context: ApiContext, viewer: Viewer, event: Contract, **about: str) -> Response:
    """Put a request into the inbox of the organisation that asks, and answer where to look.

    Raises:
        BadRequest: when it breaks its contract.
        TransientError: when Kafka is away.
    """
    try:
        message = inbox_message(event, code_of(viewer), context.clock())
    except ContractError as error:
        raise BadRequest(f"this cannot be asked: {error}") from error
    anyio.from_thread.run(context.inboxes.send, message)
    where = f"/requests/{message.request_id}"
    content = {"request_id": message.request_id, "status": where, **about}
    return JsonAnswer(content, status_code=202, headers={"Location": where})


def code_of(viewer: Viewer) -> OrgCode:
    """Give the organisation that asks."""
    assert viewer.organisation is not None, "the route admits organisations only"
    return viewer.organisation

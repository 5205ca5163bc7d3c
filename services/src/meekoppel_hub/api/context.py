"""What every route needs: the database, the settings, the clock, and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CollectorRegistry

from meekoppel_hub.api.errors import NotAuthenticated
from meekoppel_hub.asking.send import Inboxes
from meekoppel_hub.platform.clock import Clock
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.organisations import authenticate
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.reading.access import ANYBODY, Viewer
from meekoppel_hub.reading.collaborations import collaborations_of

_EXPORTS_AT_ONCE = 4
_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="The token that an organisation got when it was registered. Without one, only what is public is seen.",
)


@dataclass(frozen=True, slots=True)
class ApiContext:
    """What every route needs.

    Attributes:
        database: of the view.
        settings: the hub's.
        clock: the time.
        registry: the metrics of this API.
        inboxes: puts requests of organisations into their inboxes.
        exporting: lets so many exports be made at once: each reads and writes for as long as it takes.
    """

    database: Database
    settings: HubSettings
    clock: Clock
    inboxes: Inboxes
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    exporting: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_EXPORTS_AT_ONCE))


def context_of(request: Request) -> ApiContext:
    """Give the context of the application that handles the request."""
    context: ApiContext = request.app.state.context
    return context


def viewer_of(
    request: Request,
    context: Annotated[ApiContext, Depends(context_of)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Viewer:
    """Find out who asks.

    Raises:
        NotAuthenticated: when a token is given that the hub does not know: never quietly the public view.
    """
    if credentials is None:
        if "authorization" in request.headers:
            raise NotAuthenticated("the header Authorization must read: Bearer, a space, and the organisation's token")
        return ANYBODY
    organisation = authenticate(context.database, credentials.credentials)
    if organisation is None:
        raise NotAuthenticated("the hub does not know this token, or the organisation is no longer active")
    with context.database.read() as connection:
        collaborations = collaborations_of(connection, organisation.code, context.clock())
    return Viewer(organisation.code, collaborations=collaborations)


def organisation_of(viewer: Annotated[Viewer, Depends(viewer_of)]) -> Viewer:
    """Find out which organisation asks.

    Raises:
        NotAuthenticated: when there is no token.
    """
    if viewer.organisation is None:
        raise NotAuthenticated("give the organisation's token in the header: Authorization: Bearer mk_…")
    return viewer


Context = Annotated[ApiContext, Depends(context_of)]
AnyViewer = Annotated[Viewer, Depends(viewer_of)]
OrganisationViewer = Annotated[Viewer, Depends(organisation_of)]

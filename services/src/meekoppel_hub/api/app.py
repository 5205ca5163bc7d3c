"""Put the API together: routes, errors, measuring."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from meekoppel_contracts import packaged_registry
from meekoppel_hub import __version__
from meekoppel_hub.api import (
    area_counts,
    assessments,
    contract_files,
    cooperations,
    exports,
    health,
    home,
    metrics,
    overlaps,
    overview,
    places,
    plans,
    quality,
    requests,
    schema_registry,
    subscriptions,
)
from meekoppel_hub.api.answers import JsonAnswer, error_answer
from meekoppel_hub.api.context import ApiContext
from meekoppel_hub.api.errors import ApiError
from meekoppel_hub.asking.send import Inboxes
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.settings import HubSettings

log = structlog.get_logger(__name__)

# In the order in which an address is looked for: what ends in a word stands before what takes the whole path.
_ROUTES = (
    home,
    plans,
    overlaps,
    assessments,
    cooperations,
    overview,
    requests,
    area_counts,
    places,
    exports,
    quality,
    subscriptions,
    health,
    metrics,
)

_DESCRIPTION = """What organisations plan in the subsurface and the public space, and where plans meet.

Coordinates are in the hub's CRS, which every answer names. Times are in UTC. Without a token you see what is public;
with an organisation's token also what is shared among participants, and what is restricted to it.
"""


def create_api(
    database: Database, settings: HubSettings, clock: Clock = utc_now, inboxes: Inboxes | None = None
) -> FastAPI:
    """Make the API on a database whose tables exist; without inboxes it shows, and takes no requests.

    Routes are plain functions: FastAPI runs them in its thread pool, where the database may block.
    """
    app = FastAPI(
        title="Meekoppel",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        default_response_class=JsonAnswer,
    )
    app.state.context = context = ApiContext(database, settings, clock, inboxes or Inboxes(""))
    app.add_middleware(metrics.MeasuredRequests, metrics=metrics.RequestMetrics(context.registry))
    context.registry.register(metrics.DatabaseGauges(context))
    for module in _ROUTES:
        app.include_router(module.router)
    app.mount(schema_registry.PREFIX, schema_registry.create_schema_registry(packaged_registry()))
    app.mount(contract_files.PREFIX, contract_files.ContractFiles())
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(TransientError, _unavailable)
    app.add_exception_handler(Exception, _failed)
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_answer(error.status, error.code, error.message, error.details)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [_problem(one) for one in error.errors()]
    return error_answer(422, "invalid", "; ".join(problems))


def _problem(one: Any) -> str:
    place, *field = (str(part) for part in one["loc"])
    named = f"{place} {'.'.join(field)}".strip()
    return f"{named}: {one['msg'].removeprefix('Value error, ')}"


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return error_answer(404, "not_found", "there is no such address; GET / lists what there is")
    return error_answer(error.status_code, "refused", str(error.detail))


async def _unavailable(_request: Request, error: Exception) -> Response:
    log.warning("api_database_away", error=str(error))
    return error_answer(
        503, "unavailable", "the hub's database or Kafka cannot be used now; try again in a few seconds"
    )


async def _failed(request: Request, error: Exception) -> Response:
    log.error("api_request_failed", path=request.url.path, exc_info=error)
    return error_answer(500, "failed", "the hub could not answer; its log says why")

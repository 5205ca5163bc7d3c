"""The registry's addresses. It is an application of its own, since its errors and media type are Confluent's."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from meekoppel_contracts import Registry, SchemaVersion
from meekoppel_hub.api.schema_registry.answers import FOR_A_DAY, RegistryJson, kept, plain_refusal, refusal
from meekoppel_hub.api.schema_registry.contracts import ServedContracts
from meekoppel_hub.api.schema_registry.errors import InvalidSchema, ReadOnly, RegistryRefusal

PREFIX: Final = "/registry"
COMPATIBILITY: Final = "FULL_TRANSITIVE"
LARGEST_BODY: Final = 512 * 1024


def create_schema_registry(registry: Registry) -> Starlette:
    """Make the registry's application for a set of contracts; the API serves it under `PREFIX`."""
    app = Starlette(
        routes=[
            Route("/", _nothing),
            Route("/subjects", _subjects),
            Route("/subjects/{subject}", _look_up, methods=["POST"]),
            Route("/subjects/{subject}/versions", _versions),
            Route("/subjects/{subject}/versions/{version}", _version),
            Route("/subjects/{subject}/versions/{version}/schema", _version_schema),
            Route("/subjects/{subject}/versions/{version}/referencedby", _referenced_by),
            Route("/schemas", _schemas),
            Route("/schemas/types", _types),
            Route("/schemas/ids/{id}", _schema),
            Route("/schemas/ids/{id}/schema", _schema_text),
            Route("/schemas/ids/{id}/versions", _schema_versions),
            Route("/schemas/ids/{id}/subjects", _schema_subjects),
            Route("/compatibility/subjects/{subject}/versions", _compatible, methods=["POST"]),
            Route("/compatibility/subjects/{subject}/versions/{version}", _compatible, methods=["POST"]),
            Route("/config", _config),
            Route("/config/{subject}", _config),
            Route("/mode", _mode),
            Route("/mode/{subject}", _mode),
            Route("/contexts", _contexts),
        ],
        exception_handlers={RegistryRefusal: _refused, HTTPException: _http_error},
    )
    app.state.contracts = ServedContracts(registry)
    return app


def _contracts(request: Request) -> ServedContracts:
    contracts: ServedContracts = request.app.state.contracts
    return contracts


async def _nothing(request: Request) -> Response:
    return kept(request, {})


async def _subjects(request: Request) -> Response:
    prefix = request.query_params.get("subjectPrefix", "")
    return kept(request, [one for one in _contracts(request).subjects() if one.startswith(prefix)])


async def _versions(request: Request) -> Response:
    return kept(request, [entry.version for entry in _contracts(request).versions(request.path_params["subject"])])


async def _version(request: Request) -> Response:
    subject, entry = _asked_version(request)
    return kept(request, _described(request, subject, entry))


async def _version_schema(request: Request) -> Response:
    return kept(request, _contracts(request).text(_asked_version(request)[1]))


async def _referenced_by(request: Request) -> Response:
    _asked_version(request)
    return kept(request, [])


async def _schemas(request: Request) -> Response:
    contracts, prefix = _contracts(request), request.query_params.get("subjectPrefix", "")
    listed = [(one, contracts.versions(one)) for one in contracts.subjects() if one.startswith(prefix)]
    if request.query_params.get("latestOnly") == "true":
        listed = [(subject, versions[-1:]) for subject, versions in listed]
    return kept(request, [_described(request, subject, entry) for subject, versions in listed for entry in versions])


async def _types(request: Request) -> Response:
    return kept(request, ["AVRO"])


async def _schema(request: Request) -> Response:
    contracts = _contracts(request)
    entry = contracts.by_id(request.path_params["id"])
    answer: dict[str, Any] = {"schema": contracts.text(entry)}
    if request.query_params.get("fetchMaxId") == "true":
        answer["maxId"] = max(
            one.schema_id for subject in contracts.registry.subjects() for one in contracts.versions(subject)
        )
    return kept(request, answer, FOR_A_DAY)


async def _schema_text(request: Request) -> Response:
    contracts = _contracts(request)
    return kept(request, contracts.text(contracts.by_id(request.path_params["id"])), FOR_A_DAY)


async def _schema_versions(request: Request) -> Response:
    contracts = _contracts(request)
    entry = contracts.by_id(request.path_params["id"])
    names = contracts.names_of(entry.subject)
    return kept(request, [{"subject": subject, "version": entry.version} for subject in names])


async def _schema_subjects(request: Request) -> Response:
    contracts = _contracts(request)
    return kept(request, contracts.names_of(contracts.by_id(request.path_params["id"]).subject))


async def _look_up(request: Request) -> Response:
    subject = request.path_params["subject"]
    found = await run_in_threadpool(_contracts(request).look_up, subject, await _body(request))
    return RegistryJson(_described(request, subject, found))


async def _compatible(request: Request) -> Response:
    subject, against = request.path_params["subject"], request.path_params.get("version")
    problems = await run_in_threadpool(_contracts(request).problems, subject, against, await _body(request))
    answer: dict[str, Any] = {"is_compatible": not problems}
    if request.query_params.get("verbose") == "true":
        answer["messages"] = problems
    return RegistryJson(answer)


async def _config(request: Request) -> Response:
    _check_subject(request)
    return kept(request, {"compatibilityLevel": COMPATIBILITY})


async def _mode(request: Request) -> Response:
    _check_subject(request)
    return kept(request, {"mode": "READONLY"})


async def _contexts(request: Request) -> Response:
    return kept(request, ["."])


def _check_subject(request: Request) -> None:
    if "subject" in request.path_params:
        _contracts(request).versions(request.path_params["subject"])


def _asked_version(request: Request) -> tuple[str, SchemaVersion]:
    subject = request.path_params["subject"]
    return subject, _contracts(request).version(subject, request.path_params["version"])


def _described(request: Request, subject: str, entry: SchemaVersion) -> dict[str, Any]:
    text = _contracts(request).text(entry)
    return {"subject": subject, "version": entry.version, "id": entry.schema_id, "schema": text}


async def _body(request: Request) -> Any:
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > LARGEST_BODY:
            raise InvalidSchema(f"the body is larger than {LARGEST_BODY} bytes; the largest contract is far smaller")
    try:
        return json.loads(received)
    except (ValueError, RecursionError) as error:
        raise InvalidSchema(f"the body is not JSON ({error})") from error


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RegistryRefusal)
    return refusal(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405 and request.method not in ("GET", "HEAD"):
        return refusal(ReadOnly())
    return plain_refusal(error.status_code, error.status_code, f"HTTP {error.status_code} {error.detail}")

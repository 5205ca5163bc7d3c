"""The registry's answers: JSON with an ETag, so that a client or a proxy asks only whether it changed."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from meekoppel_hub.api.schema_registry.errors import RegistryRefusal

MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
FOR_A_DAY: Final = "public, max-age=86400"
FOR_FIVE_MINUTES: Final = "public, max-age=300"


class RegistryJson(Response):
    """JSON as Confluent's registry gives it."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """Write the content as JSON."""
        return orjson.dumps(content)


def kept(request: Request, content: Any, cache: str = FOR_FIVE_MINUTES) -> Response:
    """Answer with what may be kept; 304 when the client has it already.

    Args:
        request: whose `If-None-Match` counts.
        content: the answer, or the text of a schema.
        cache: for how long it may be used without asking again. What an id means never changes; a release can bring a
            new version.
    """
    answer = RegistryJson(content) if not isinstance(content, str) else Response(content, media_type=MEDIA_TYPE)
    tag = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": cache}
    if tag in [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    answer.headers.update(headers)
    return answer


def refusal(error: RegistryRefusal) -> RegistryJson:
    """Answer with an error; only what the registry never does names what it does."""
    headers = {"Allow": "GET, HEAD"} if error.status == 405 else None
    return plain_refusal(error.status, error.code, error.message, headers)


def plain_refusal(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> RegistryJson:
    """Answer with an error in Confluent's shape."""
    return RegistryJson({"error_code": code, "message": message}, status, headers=headers)

"""The other side: a schema registry with Confluent's HTTP interface (Confluent, Karapace, Apicurio, Redpanda).

Source: Confluent Schema Registry API reference, version 1.
"""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

import httpx

from meekoppel_contracts.errors import RegistryAway, RegistryRefused

AUTH_VARIABLE: Final = "MEEKOPPEL_REGISTRY_AUTH"

_MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
_TIMEOUT_SECONDS: Final = 30.0
_READ_ONLY: Final = 42205
_LONGEST_QUOTE: Final = 500


class RegistryClient:
    """Asks one registry; leave its `with` block to close the connections.

    Args:
        address: the base address, such as `https://registry.example` or `https://apicurio.example/apis/ccompat/v7`.
        auth: `user:password` for basic authentication; None for none. It is never shown.

    Raises:
        RegistryRefused: when the address or `auth` cannot be used.
    """

    def __init__(self, address: str, auth: str | None = None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RegistryRefused("be asked", f"{address!r} is not an address such as https://registry.example")
        if parts.username or parts.password:
            raise RegistryRefused("be asked", f"give user and password in {AUTH_VARIABLE}, not in the address")
        if auth is not None and ":" not in auth:
            raise RegistryRefused("be asked", f"{AUTH_VARIABLE} must read <user>:<password>")
        self.address = address.rstrip("/")
        user, _, password = (auth or "").partition(":")
        self._http = httpx.Client(
            base_url=self.address,
            auth=httpx.BasicAuth(user, password) if auth else None,
            headers={"Accept": f"{_MEDIA_TYPE}, application/json", "Content-Type": _MEDIA_TYPE},
            timeout=_TIMEOUT_SECONDS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def mode(self, subject: str) -> str:
        """Tell whether the subject may be written: `READWRITE`, `READONLY`, … .

        Raises:
            RegistryAway: when the registry does not answer.
            RegistryRefused: when it answers with something else than Confluent's interface gives.
        """
        for path in (f"/mode/{_part(subject)}?defaultToGlobal=true", "/mode"):
            answer = self._ask("GET", path, f"read the mode of {subject}", missing=True)
            if answer is not None:
                return str(answer["mode"])
        return "READWRITE"  # a registry without modes

    def level(self, subject: str) -> str | None:
        """Tell the compatibility level of a subject; None when it has none of its own. Raises as `mode` does."""
        answer = self._ask("GET", f"/config/{_part(subject)}", f"read the level of {subject}", missing=True)
        return None if answer is None else str(answer.get("compatibilityLevel") or answer.get("compatibility"))

    def set_level(self, subject: str, level: str) -> None:
        """Set the compatibility level of a subject. Raises as `mode` does."""
        body = {"compatibility": level}
        self._ask("PUT", f"/config/{_part(subject)}", f"set the level of {subject} to {level}", body)

    def schemas(self, subject: str) -> dict[int, str]:
        """Give the Avro schemas of a subject by their ids; empty when it does not exist. Raises as `mode` does."""
        path, doing = f"/subjects/{_part(subject)}/versions", f"read {subject}"
        versions = self._ask("GET", path, doing, missing=True) or []
        answers = [self._ask("GET", f"{path}/{version}", doing) for version in versions]
        return {
            int(answer["id"]): str(answer["schema"]) for answer in answers if answer.get("schemaType", "AVRO") == "AVRO"
        }

    def fits(self, subject: str, schema: str) -> list[str]:
        """Say why a schema could not be the next version of a subject; empty when it could. Raises as `mode` does."""
        path = f"/compatibility/subjects/{_part(subject)}/versions/latest?verbose=true"
        answer = self._ask("POST", path, f"hold {subject} against what is there", {"schema": schema}, missing=True)
        if answer is None or answer["is_compatible"]:
            return []
        return [str(one) for one in answer.get("messages") or ["it does not say why"]]

    def register(self, subject: str, schema: str) -> int:
        """Register a schema; gives its id, also when it was there. Raises as `mode` does."""
        answer = self._ask("POST", f"/subjects/{_part(subject)}/versions", f"register {subject}", {"schema": schema})
        return int(answer["id"])

    def schema(self, schema_id: int) -> str:
        """Give the schema with an id. Raises as `mode` does."""
        return str(self._ask("GET", f"/schemas/ids/{schema_id}", f"read schema {schema_id}")["schema"])

    def _ask(self, method: str, path: str, doing: str, body: Any = None, *, missing: bool = False) -> Any:
        """Ask, and give the JSON of the answer; None when it is not there and that may be.

        Raises:
            RegistryAway: when the registry does not answer, or fails.
            RegistryRefused: when it says no, or what it says is not Confluent's interface.
        """
        content = None if body is None else json.dumps(body)
        try:
            answer = self._http.request(method, path, content=content)
        except httpx.HTTPError as error:
            raise RegistryAway(self.address, str(error) or type(error).__name__) from error
        if missing and answer.status_code == 404:
            return None
        if answer.status_code >= 500:
            raise RegistryAway(self.address, f"HTTP {answer.status_code}: {_reason(answer)}")
        if not answer.is_success:
            raise RegistryRefused(doing, _refusal(answer))
        try:
            return answer.json()
        except ValueError as error:
            raise RegistryRefused(
                doing, f"{answer.url.copy_with(query=None)} is not a schema registry: its answer is not JSON"
            ) from error


def _part(subject: str) -> str:
    return quote(subject, safe="")


def _refusal(answer: httpx.Response) -> str:
    reason = _reason(answer)
    if answer.status_code in (401, 403):
        return f"HTTP {answer.status_code}: {reason}; set {AUTH_VARIABLE} to <user>:<password> of someone who may"
    if answer.status_code in (301, 302, 307, 308):
        return f"it points to {answer.headers.get('location')}; give that address"
    if _code(answer) == _READ_ONLY or answer.status_code == 405:
        return f"it is read-only: {reason}"
    if answer.status_code == 409:
        return f"what is there under this name is not compatible with it: {reason}"
    return f"HTTP {answer.status_code}: {reason}"


def _code(answer: httpx.Response) -> int | None:
    try:
        code: int | None = answer.json().get("error_code")
    except (ValueError, AttributeError):
        return None
    return code


def _reason(answer: httpx.Response) -> str:
    try:
        said = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        said = answer.text.strip() or answer.reason_phrase
    return said[:_LONGEST_QUOTE]

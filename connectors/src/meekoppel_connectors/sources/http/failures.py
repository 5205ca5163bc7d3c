"""What a failed HTTP request means for the run: does a person have to change something, or may it work later?"""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from meekoppel_connectors.errors import ConnectorError, SourceAway, SourceError
from meekoppel_connectors.secrets import without_secrets
from meekoppel_connectors.sources.http.body import unpacked_body
from meekoppel_connectors.sources.http.settings import without_query

MAY_WORK_LATER = {408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 529}
NOT_ALLOWED = {401, 403, 407}
SHOWN_CHARACTERS = 300
_READ_FOR_MESSAGE = 16 * 1024
_MARKUP = re.compile(r"<[^>]*>|\s+")


def failure_of(error: httpx.HTTPError | httpx.InvalidURL | UnicodeError, place: str) -> SourceError | SourceAway:
    """Give the error of the connector for one of a connection."""
    certificate = _certificate_problem(error)
    if certificate is not None:
        return SourceError(place, f"has a certificate that cannot be trusted: {certificate}; see source.ca_file")
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError)):
        return SourceError(place, f"is no address that can be asked: {without_secrets(str(error))}")
    if isinstance(error, httpx.TimeoutException):
        return SourceAway(place, "does not answer in time")
    if isinstance(error, httpx.ConnectError):
        return SourceAway(place, f"cannot be reached: {without_secrets(str(error))}")
    return SourceAway(place, f"broke off its answer: {without_secrets(str(error)) or type(error).__name__}")


def refuse_answer(answer: httpx.Response, *, conditional: bool = False) -> None:
    """Raise for an answer that is none: every status but 2xx, and 304 where it was asked for.

    Raises:
        SourceAway: when the status says that it may work later.
        SourceError: for every other.
    """
    status = answer.status_code
    if answer.is_success or (status == HTTPStatus.NOT_MODIFIED and conditional):
        return
    place = without_query(str(answer.url))
    said = f"answers {status} {answer.reason_phrase}".rstrip() + _explanation(answer)
    if status in MAY_WORK_LATER:
        raise SourceAway(place, said, retry_after(answer.headers.get("retry-after")))
    if status in NOT_ALLOWED:
        raise SourceError(place, f"{said}; check source.auth and the rights of that user or key")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise SourceError(place, f"{said}; check the address in the configuration")
    raise SourceError(place, said)


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Give the seconds that a server asks to wait: written as a number or as a moment; None when it does not say."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _explanation(answer: httpx.Response) -> str:
    """Give the beginning of what the server says about it, without markup and secrets."""
    content = b""
    with suppress(ConnectorError):  # the status says what is wrong; how it is explained may be damaged
        for chunk in unpacked_body(answer):
            content += chunk
            if len(content) >= _READ_FOR_MESSAGE:
                break
    words = _MARKUP.sub(" ", without_secrets(content.decode(errors="replace")))
    text = " ".join(words.split())
    return f": {text[:SHOWN_CHARACTERS]}" if text else ""


def _certificate_problem(error: BaseException) -> str | None:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return None

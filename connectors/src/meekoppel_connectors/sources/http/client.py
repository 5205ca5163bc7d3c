"""The one way in which sources fetch something by HTTP.

Answers are bounded in size and time. A redirect or a link to another server is refused, unless the configuration trusts
that server; the secret never goes there. What may work later is a `SourceAway`, what a person must change a
`SourceError`; neither shows a query or a secret::

    with HttpReader(settings.url, settings) as http:
        page = http.get(settings.url, params={"limit": "1000"}).json()
"""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import httpx

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.secrets import read_secret
from meekoppel_connectors.sources.http.body import ACCEPT_ENCODING, unpacked_body
from meekoppel_connectors.sources.http.failures import failure_of, refuse_answer
from meekoppel_connectors.sources.http.settings import HttpSettings, without_query

USER_AGENT = f"meekoppel-connector/{version('meekoppel-connectors')}"
CONNECT_SECONDS = 10.0
ANSWER_WITHIN_SECONDS = 3600.0
PAGE_LIMIT_BYTES = 64 * 1024 * 1024
REDIRECTS = 10
_DEFAULT_PORTS = {"http": 80, "https": 443}

# They log whole addresses, and a key may stand in the query.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server says about the version of an answer, and is asked with next time.

    Attributes:
        etag: the header `ETag`.
        last_modified: the header `Last-Modified`.
    """

    etag: str | None = None
    last_modified: str | None = None

    def conditions(self) -> dict[str, str]:
        """Give the headers of a request that is answered only when there is another version."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer that was taken over whole.

    Attributes:
        address: where it came from in the end.
        status: of HTTP, from 200 to 299.
        headers: names without regard to capitals.
        content: the body, unpacked.
    """

    address: str
    status: int
    headers: httpx.Headers
    content: bytes

    def json(self) -> Any:
        """Give the body as JSON.

        Raises:
            SourceError: when it is none.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            start = self.content[:80].decode(errors="replace").strip()
            raise SourceError(
                without_query(self.address), f"answers with something that is no JSON, beginning with {start!r}"
            ) from error


class HttpReader:
    """Fetches from one server."""

    def __init__(self, address: str, settings: HttpSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; nothing is asked yet.

        Args:
            address: of the source; its server is the one that gets the secret.
            settings: of the source.
            clock: seconds that only rise, for the time that an answer may take.

        Raises:
            Fatal: when the environment variable with the secret is not set.
            SourceError: when a certificate cannot be read.
        """
        self._home = _origin(urlsplit(address))
        self._trusted = {_origin(urlsplit(trusted)) for trusted in settings.trusted_origins}
        self._settings = settings
        self._clock = clock
        self._headers, self._parameters, self._auth = _proof(settings)
        self._client = httpx.Client(
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPT_ENCODING},
            timeout=httpx.Timeout(settings.timeout_seconds, connect=min(CONNECT_SECONDS, settings.timeout_seconds)),
            verify=_trust(address, settings),
        )

    def __enter__(self) -> Self:
        """Begin to use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    def get(
        self,
        address: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        limit_bytes: int = PAGE_LIMIT_BYTES,
    ) -> HttpAnswer:
        """Fetch one page into memory.

        Args:
            address: an absolute address on the source's server, or on a trusted one.
            params: are added to the query of the address.
            form: is sent by POST, for questions that are too long for an address.
            headers: of the request, such as `Accept`.
            limit_bytes: the largest answer that is taken.

        Raises:
            SourceError: when the server refuses, refers elsewhere, or answers too much.
            SourceAway: when it does not answer in time, breaks off, or says that it cannot now.
        """
        limit = min(limit_bytes, self._settings.limit_mb * 1024 * 1024)
        with self._answer(address, params, form, headers) as answer:
            content = b"".join(self._body(answer, limit))
            return HttpAnswer(str(answer.url), answer.status_code, answer.headers, content)

    def download(self, address: str, target: Path, known: Validators | None = None) -> Validators | None:
        """Write an answer to a file, whatever its size.

        Args:
            address: as in `get`.
            target: the file; it is written anew.
            known: of the version that is there already.

        Returns:
            What the server says about this version; None when it is the known one, and nothing was written.

        Raises:
            SourceError: as `get`.
            SourceAway: as `get`; what the file then holds is of no use.
        """
        conditions = known.conditions() if known else {}
        with self._answer(address, None, None, conditions) as answer:
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return None
            with target.open("wb") as file:
                for chunk in self._body(answer, self._settings.limit_mb * 1024 * 1024):
                    file.write(chunk)
            return Validators(answer.headers.get("etag"), answer.headers.get("last-modified"))

    @contextmanager
    def _answer(
        self,
        address: str,
        params: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> Iterator[httpx.Response]:
        """Follow redirects within the allowed servers to the answer, of which the body is still to be read."""
        try:
            url = httpx.URL(address)
            url = url.copy_merge_params(params) if params else url
            for _ in range(REDIRECTS + 1):
                request = self._request(url, form, headers)
                answer = self._client.send(request, auth=self._auth_for(url), stream=True)
                try:
                    if answer.next_request is None:
                        refuse_answer(answer, conditional=any(name.startswith("If-") for name in headers or {}))
                        yield answer
                        return
                    url, form = answer.next_request.url, form if answer.status_code in {307, 308} else None
                finally:
                    answer.close()
            raise SourceError(without_query(address), f"redirects more than {REDIRECTS} times")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise failure_of(error, without_query(address)) from error

    def _request(
        self, url: httpx.URL, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> httpx.Request:
        origin = _origin_of(url)
        if not self._is_home(origin) and origin not in self._trusted:
            raise SourceError(
                without_query(str(url)),
                f"is on another server than the source ({self._home[0]}://{self._home[1]}); the connector goes there "
                f"only when source.trusted_origins lists {url.scheme}://{url.netloc.decode()}",
            )
        own = self._is_home(origin)
        url = url.copy_merge_params(self._parameters) if own and self._parameters else url
        sent = dict(headers or {}) | (self._headers if own else {})
        return self._client.build_request("POST" if form else "GET", url, headers=sent, data=form)

    def _auth_for(self, url: httpx.URL) -> httpx.Auth | None:
        return self._auth if self._is_home(_origin_of(url)) else None

    def _is_home(self, origin: tuple[str, str, int | None]) -> bool:
        """Tell whether this is the source's own server; the same server by HTTPS instead of HTTP is."""
        return origin == self._home or (self._home[0] == "http" and origin == ("https", self._home[1], 443))

    def _body(self, answer: httpx.Response, limit_bytes: int) -> Iterator[bytes]:
        place = without_query(str(answer.url))
        until = self._clock() + ANSWER_WITHIN_SECONDS
        received = 0
        for chunk in unpacked_body(answer):
            received += len(chunk)
            if received > limit_bytes:
                raise SourceError(
                    place,
                    f"answers with more than {limit_bytes / 1024**2:,.0f} MB; raise source.limit_mb if it is right",
                )
            if self._clock() > until:
                raise SourceAway(place, f"is still answering after {ANSWER_WITHIN_SECONDS / 60:.0f} minutes")
            yield chunk


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    try:
        return _origin(urlsplit(str(url)))
    except ValueError as error:  # a port beyond 65535, or half an address of IPv6
        raise httpx.InvalidURL(str(error)) from error


def _proof(settings: HttpSettings) -> tuple[dict[str, str], dict[str, str], httpx.Auth | None]:
    """Give the headers, the parameters and the kind of authentication that carry the secret."""
    auth = settings.auth
    if auth is None:
        return {}, {}, None
    secret = read_secret(auth.secret_variable, "source.auth.secret_variable")
    if auth.kind == "basic":
        return {}, {}, httpx.BasicAuth(auth.username or "", secret)
    if auth.kind == "bearer":
        return {"Authorization": f"Bearer {secret}"}, {}, None
    return ({str(auth.name): secret}, {}, None) if auth.kind == "header" else ({}, {str(auth.name): secret}, None)


def _trust(address: str, settings: HttpSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.client_certificate:
            context.load_cert_chain(settings.client_certificate, settings.client_key)
    except (OSError, ssl.SSLError) as error:
        named = settings.client_certificate or settings.ca_file
        raise SourceError(without_query(address), f"the certificate in {named} cannot be read: {error}") from error
    return context

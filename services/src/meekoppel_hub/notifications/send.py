"""One attempt to deliver: a signed POST, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, InvalidURL

from meekoppel_hub.notifications.guard import AddressRefused, Lookup, guarded_connector, look_up
from meekoppel_hub.notifications.retry import parse_retry_after
from meekoppel_hub.notifications.signing import HmacSigner, signed_headers
from meekoppel_hub.platform.clock import Clock, utc_now

_GONE = 410
_READ_BYTES = 2048  # of an answer: enough to say what a receiver complains about
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver answered 2xx."""

    status: int


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not work now; it may later.

    Attributes:
        status: the HTTP status, None when there was no answer.
        error: what happened, in words.
        retry_after: how long the receiver asked to wait.
    """

    status: int | None
    error: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never work like this: the subscription is to be disabled.

    Attributes:
        status: 410 when the receiver said so, None when the hub may not call this address.
        reason: why, in words.
    """

    status: int | None
    reason: str


Outcome = Delivered | Failed | Refused


@dataclass(frozen=True, slots=True)
class Post:
    """What to send: to which URL, signed with which secret, under which id, and the body."""

    url: str
    secret: str
    message_id: str
    body: str


class Sender:
    """Sends posts over shared connections; an async context manager.

    Redirects are not followed, proxies of the environment are not used, cookies are not kept.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeout_seconds: float = 10.0,
        connections: int = 256,
        clock: Clock = utc_now,
        lookup: Lookup = look_up,
    ) -> None:
        self._allow_private = allow_private
        self._timeout = ClientTimeout(total=timeout_seconds)
        self._timeout_seconds = timeout_seconds
        self._connections = connections
        self._clock = clock
        self._lookup = lookup
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session."""
        self._session = ClientSession(
            connector=guarded_connector(
                allow_private=self._allow_private, limit=self._connections, lookup=self._lookup
            ),
            cookie_jar=DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,  # an answer is only shown: nobody may make us unpack a bomb
            trust_env=False,
            headers={"user-agent": "Meekoppel-Webhooks/1"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        assert self._session is not None
        await self._session.close()

    async def send(self, post: Post) -> Outcome:
        """Make one attempt; every failure of the receiver, the network or the URL comes back as an outcome."""
        assert self._session is not None, "open the sender with `async with`"
        headers = signed_headers(HmacSigner(post.secret), post.message_id, self._clock(), post.body)
        try:
            async with self._session.post(
                post.url, data=post.body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                return await self._judge(answer)
        except AddressRefused as error:
            return Refused(None, str(error))
        except InvalidURL as error:
            return Refused(None, f"the URL cannot be called: {error}")
        except TimeoutError:
            return Failed(None, f"no answer within {self._timeout_seconds:g} seconds")
        except (ClientError, OSError, ValueError) as error:
            return Failed(None, f"{type(error).__name__}: {error}"[:_SHOWN_CHARACTERS])

    async def _judge(self, answer: ClientResponse) -> Outcome:
        status = answer.status
        if 200 <= status < 300:
            await self._finish(answer)
            return Delivered(status)
        said = await self._finish(answer)
        if status == _GONE:
            return Refused(status, f"the receiver answered 410 Gone{said}")
        wait = parse_retry_after(answer.headers.get("retry-after"), self._clock())
        redirect = " (redirects are not followed)" if 300 <= status < 400 else ""
        return Failed(status, f"the receiver answered {status}{redirect}{said}", wait)

    @staticmethod
    async def _finish(answer: ClientResponse) -> str:
        """Read the start of the answer; a short one leaves the connection free for the next delivery.

        The status was received and counts, whatever happens to the rest.
        """
        try:
            start = await answer.content.read(_READ_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return ""
        words = " ".join(start.decode("utf-8", "replace").split())
        printable = "".join(letter for letter in words if letter.isprintable())
        return f": {printable[:_SHOWN_CHARACTERS]}" if printable else ""

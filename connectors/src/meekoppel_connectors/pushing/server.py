"""The HTTP side of a connector that is pushed to.

`POST /plans`, `DELETE /plans/{id}`, `GET /health`. 202 says that everything is in the outbox; 422 that some rows are
not, and which; 400 that the body is nothing; 401 that the token, or the signature, is not right; 413 that it is too
large; 503 with `Retry-After` that it cannot be taken now.
"""

from __future__ import annotations

import asyncio
import hmac
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any

import httpx
from aiohttp import web

from meekoppel_connectors.clock import Clock, utc_now
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.pushing.bodies import UnreadableBodyError, json_of, plans_of
from meekoppel_connectors.pushing.keeping import Keeper, OutboxFullError, Receipt
from meekoppel_connectors.pushing.publishing import Publisher
from meekoppel_connectors.pushing.sns import NotFromSnsError, Sns
from meekoppel_connectors.sources.pushed.push import PushSettings
from meekoppel_connectors.sources.pushed.street_manager import message_row

MOST_AT_ONCE = 64
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PushServer:
    """Answers requests; the state is asked in one thread of its own."""

    def __init__(
        self,
        settings: PushSettings,
        keeper: Keeper,
        publisher: Publisher,
        thread: Executor,
        *,
        token: str | None = None,
        sns: Sns | None = None,
        id_field: str | None = None,
        clock: Clock = utc_now,
    ) -> None:
        """Prepare.

        Args:
            settings: of the source.
            keeper: keeps what is pushed; used in `thread` only.
            publisher: is told when something waits.
            thread: the one in which the state was opened.
            token: that a sender must show; not needed for messages of SNS.
            sns: checks messages of SNS.
            id_field: the field with a plan's id, for DELETE; None when it is made of several.
            clock: gives the time.
        """
        self._settings = settings
        self._keeper = keeper
        self._publisher = publisher
        self._thread = thread
        self._token = token
        self._sns = sns
        self._id_field = id_field
        self._clock = clock
        self._now = 0

    def application(self) -> web.Application:
        """Give the application for aiohttp."""
        limit = int(self._settings.limit_mb * 1024 * 1024)
        app = web.Application(client_max_size=limit, middlewares=[self._guarded])
        take = self._take_message if self._sns else self._take_plans
        app.add_routes([web.post("/plans", take), web.get("/health", self._health)])
        if not self._sns:
            app.add_routes([web.delete("/plans/{id:.+}", self._remove)])
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Answering) -> web.StreamResponse:
        if request.path != "/health" and self._sns is None and not self._shows_token(request):
            return _no(401, "show the token: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})
        if self._now >= MOST_AT_ONCE:
            return _no(503, "too many requests at once; try again", {"Retry-After": "1"})
        self._now += 1
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            return _no(refusal.status, refusal.reason, {})
        except UnreadableBodyError as error:
            return _no(400, f"the body {error}", {})
        except NotFromSnsError as error:
            return _no(401, str(error), {})
        except OutboxFullError:
            return _no(503, "too many plans wait for Kafka; try again later", {"Retry-After": "30"})
        except sqlite3.Error:
            return _no(503, "the state cannot be written now; nothing was stored, try again", {"Retry-After": "10"})
        except httpx.HTTPError:
            return _no(503, "the certificate of SNS cannot be fetched now; try again", {"Retry-After": "10"})
        finally:
            self._now -= 1

    async def _take_plans(self, request: web.Request) -> web.Response:
        rows = plans_of(await request.read(), self._settings.changed_at)
        return _answer(await self._keep(rows))

    async def _take_message(self, request: web.Request) -> web.Response:
        message = json_of(await request.read())
        if not isinstance(message, dict) or self._sns is None:
            raise UnreadableBodyError("is no message of SNS")
        loop = asyncio.get_running_loop()
        kind = await loop.run_in_executor(None, self._sns.check, message)
        if kind == "SubscriptionConfirmation":
            await loop.run_in_executor(None, self._sns.confirm, message)
            return await self._ignored("the subscription is confirmed")
        if kind != "Notification":
            return await self._ignored("is a message about the subscription itself")
        row = message_row(message, number=1)
        if row.fault and row.fault.endswith("no plan"):
            return await self._ignored(row.fault)
        return _answer(await self._keep([row]))

    async def _remove(self, request: web.Request) -> web.Response:
        if self._id_field is None:
            return _no(400, 'plan.id is made of several fields; post these with "removed": true', {})
        row = SourceRow({self._id_field: request.match_info["id"]}, number=1, removed=True)
        receipt = await self._keep([row])
        if not receipt.rejected and not receipt.counts:
            return _no(404, "there is no such plan", {})
        return _answer(receipt)

    async def _health(self, _request: web.Request) -> web.Response:
        waiting = await asyncio.get_running_loop().run_in_executor(self._thread, self._keeper.waiting)
        trouble = self._publisher.trouble
        return web.json_response({"waiting": waiting, "trouble": trouble}, status=503 if trouble else 200)

    async def _keep(self, rows: list[SourceRow]) -> Receipt:
        loop = asyncio.get_running_loop()
        receipt = await loop.run_in_executor(self._thread, self._keeper.keep, rows, self._clock())
        self._publisher.wake()
        return receipt

    async def _ignored(self, reason: str) -> web.Response:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._keeper.ignore, reason)
        return web.json_response({"accepted": 0, "ignored": reason, "rejected": []}, status=202)

    def _shows_token(self, request: web.Request) -> bool:
        kind, _, shown = request.headers.get("Authorization", "").partition(" ")
        expected = (self._token or "").encode()
        right = hmac.compare_digest(shown.strip().encode("utf-8", "surrogateescape"), expected)
        return bool(expected) and kind.casefold() == "bearer" and right


def _answer(receipt: Receipt) -> web.Response:
    return web.json_response(receipt.as_json(), status=422 if receipt.rejected else 202)


def _no(status: int, problem: str, headers: dict[str, Any]) -> web.Response:
    return web.json_response({"problem": problem}, status=status, headers=headers)

"""The organisations' own receiver: a real HTTP server that checks every signature and counts what it was told."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from meekoppel_contracts.ids import OrgCode

_KEPT = 50


@dataclass(frozen=True, slots=True)
class Told:
    """One notification that an organisation received."""

    organisation: OrgCode
    category: str
    text: str


@dataclass(slots=True)
class Receiver:
    """What was received.

    Attributes:
        address: where it listens, such as `http://127.0.0.1:34567`.
        told: how many different notifications each organisation received with a valid signature.
        repeated: how many came a second time, as at-least-once delivery may do.
        refused: how many had no valid signature.
        latest: the newest ones, newest first.
        ids: the ids of all different notifications.
    """

    address: str = ""
    told: Counter[OrgCode] = field(default_factory=Counter)
    repeated: int = 0
    refused: int = 0
    latest: deque[Told] = field(default_factory=lambda: deque(maxlen=_KEPT))
    ids: set[str] = field(default_factory=set)
    _webhooks: dict[str, tuple[OrgCode, Webhook]] = field(default_factory=dict)

    def url(self, hook: str) -> str:
        """Give the URL of one hook."""
        return f"{self.address}/hooks/{hook}"

    def expect(self, hook: str, organisation: OrgCode, secret: str) -> None:
        """Check what comes to a hook with the secret of its subscription."""
        self._webhooks[hook] = (organisation, Webhook(secret))

    async def receive(self, request: web.Request) -> web.Response:
        """Take one notification: 204 when its signature is valid, 401 when not."""
        body = await request.text()
        known = self._webhooks.get(request.match_info["hook"])
        if known is None:
            self.refused += 1
            return web.Response(status=404)
        organisation, webhook = known
        try:
            webhook.verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.refused += 1
            return web.Response(status=401)
        self._note(organisation, request.headers["webhook-id"], body)
        return web.Response(status=204)

    def _note(self, organisation: OrgCode, message_id: str, body: str) -> None:
        if message_id in self.ids:
            self.repeated += 1
            return
        self.ids.add(message_id)
        self.told[organisation] += 1
        data = json.loads(body)["data"]
        self.latest.appendleft(Told(organisation, str(data["category"]), str(data["text"])))


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of this machine while the block runs."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hooks/{hook}", receiver.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        receiver.address = f"http://{host}:{port}"
        yield receiver
    finally:
        await runner.cleanup()

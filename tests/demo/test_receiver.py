from __future__ import annotations

import json
from datetime import UTC, datetime

import aiohttp
import pytest
from standardwebhooks import Webhook

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.receiver import listening
from meekoppel_hub.platform.subscriptions import new_secret

BODY = json.dumps({"data": {"category": "info", "text": "Er gebeurt iets"}})


@pytest.fixture
async def receiver():
    async with listening() as running:
        yield running


async def post(receiver, hook, secret, message_id="msg_1", body=BODY):
    now = datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(receiver.url(hook), data=BODY, headers=headers) as answer,
    ):
        return answer.status


async def test_a_signed_notification_is_counted_for_its_organisation(receiver):
    secret = new_secret()
    receiver.expect("a", OrgCode("gemeente"), secret)

    assert await post(receiver, "a", secret) == 204
    assert receiver.told == {"gemeente": 1}
    assert receiver.latest[0].text == "Er gebeurt iets"


async def test_a_notification_that_comes_twice_counts_once(receiver):
    secret = new_secret()
    receiver.expect("a", OrgCode("gemeente"), secret)

    await post(receiver, "a", secret)
    await post(receiver, "a", secret)

    assert (len(receiver.ids), receiver.repeated) == (1, 1)


@pytest.mark.parametrize("hook", ["a", "unknown"])
async def test_what_is_signed_by_somebody_else_is_refused(receiver, hook):
    receiver.expect("a", OrgCode("gemeente"), new_secret())

    assert await post(receiver, hook, new_secret()) in (401, 404)
    assert (len(receiver.ids), receiver.refused) == (0, 1)


async def test_a_body_that_was_changed_on_the_way_is_refused(receiver):
    secret = new_secret()
    receiver.expect("a", OrgCode("gemeente"), secret)

    assert await post(receiver, "a", secret, body=BODY + " ") == 401
    assert receiver.refused == 1

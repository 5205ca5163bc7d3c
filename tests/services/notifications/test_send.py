import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from meekoppel_hub.notifications.send import Delivered, Failed, Post, Refused, Sender
from meekoppel_hub.platform.subscriptions import new_secret

BODY = '{"text": "naïve ✓"}'


async def send(url, secret=None, timeout_seconds=5.0):
    async with Sender(allow_private=True, timeout_seconds=timeout_seconds) as sender:
        return await sender.send(Post(url=url, secret=secret or new_secret(), message_id="msg_1", body=BODY))


def answering(status, **headers):
    async def answer(_):
        return web.Response(status=status, headers=headers, text="because")

    return answer


async def test_the_receiver_can_verify_the_signature_with_the_secret(receiver):
    secret = new_secret()
    await send(receiver.url, secret)
    [request] = receiver.received
    assert Webhook(secret).verify(request.body, request.headers) == {"text": "naïve ✓"}
    assert request.headers["content-type"].startswith("application/cloudevents+json")


async def test_another_secret_does_not_verify(receiver):
    await send(receiver.url)
    [request] = receiver.received
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(request.body, request.headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_success(receiver, status):
    async def answer(_):
        return web.Response(status=status)

    receiver.answer = answer
    assert await send(receiver.url) == Delivered(status)


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
async def test_anything_else_is_to_be_tried_again(receiver, status):
    receiver.answer = answering(status)
    outcome = await send(receiver.url)
    assert isinstance(outcome, Failed)
    assert outcome.status == status
    assert "because" in outcome.error


async def test_gone_is_final(receiver):
    receiver.answer = answering(410)
    outcome = await send(receiver.url)
    assert isinstance(outcome, Refused)
    assert outcome.status == 410


async def test_retry_after_is_handed_on(receiver):
    receiver.answer = answering(503, **{"Retry-After": "90"})
    outcome = await send(receiver.url)
    assert isinstance(outcome, Failed)
    assert outcome.retry_after == timedelta(seconds=90)


async def test_an_answer_that_does_not_come_is_a_failure(receiver):
    async def never(_):
        await asyncio.Event().wait()

    receiver.answer = never
    outcome = await send(receiver.url, timeout_seconds=0.2)
    assert outcome == Failed(None, "no answer within 0.2 seconds")


async def test_an_endless_answer_after_2xx_counts_as_delivered():
    over = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nsome")
        await writer.drain()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await send(f"http://127.0.0.1:{port}/", timeout_seconds=0.3)
    over.set()
    server.close()
    assert outcome == Delivered(200)


async def test_nobody_listening_is_a_failure(unused_port):
    outcome = await send(f"http://127.0.0.1:{unused_port}/")
    assert isinstance(outcome, Failed)
    assert outcome.status is None


@pytest.fixture
async def unused_port():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port

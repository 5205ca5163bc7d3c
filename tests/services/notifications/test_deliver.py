"""The worker with a real receiver, on both stores."""

import asyncio
from contextlib import contextmanager

from aiohttp import web
from standardwebhooks import Webhook

from meekoppel_hub.notifications.deliver import DeliveryLimits, DeliveryWorker
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.deliveries import DeliveryState, count_deliveries, list_deliveries
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.subscriptions import SubscriptionState, get_subscription, resume_subscription


def delivered(database):
    return count_deliveries(database)[DeliveryState.DELIVERED]


def held(database):
    return count_deliveries(database)[DeliveryState.HELD]


def all_delivered(database):
    counts = count_deliveries(database)
    return counts[DeliveryState.DELIVERED] == sum(counts.values())


def order_of(receiver, *messages):
    """The messages in the order in which the receiver got them, once per attempt."""
    return [request.message_id for request in receiver.received if request.message_id in messages]


async def test_what_is_queued_arrives_signed(database, subscribe, queue, receiver, running_worker, until):
    subscription, secret = subscribe(url=f"{receiver.url}/hook")
    [message] = queue(subscription, "NL.org-a.1")
    async with running_worker():
        await until(lambda: all_delivered(database))
    [request] = receiver.received
    assert request.path == "/hook"
    assert Webhook(secret).verify(request.body, request.headers)["id"] == message == request.message_id


async def test_a_lane_keeps_its_order_through_failures_and_other_lanes_go_on(
    database, subscribe, queue, receiver, running_worker, clock, until
):
    subscription, _ = subscribe(url=receiver.url)
    first, second, third = queue(subscription, "p1", "p1", "p1")
    [other] = queue(subscription, "p2")
    healthy = asyncio.Event()

    async def answer(request):
        return web.Response(status=200 if request.message_id == other or healthy.is_set() else 500)

    receiver.answer = answer
    async with running_worker():
        await until(lambda: delivered(database) == 1)
        assert order_of(receiver, first, second, third) == [first]
        clock.move(seconds=10)
        await receiver.wait_for(3)
        healthy.set()
        await until(lambda: list_deliveries(database, state=DeliveryState.DUE)[-1].attempts == 2)
        clock.move(seconds=20)
        await until(lambda: all_delivered(database))
    assert order_of(receiver, first, second, third) == [first, first, first, second, third]


async def test_retry_after_is_respected(database, subscribe, queue, receiver, running_worker, clock, until):
    subscription, _ = subscribe(url=receiver.url)
    queue(subscription, "p1")

    async def busy_once(request):
        if len(receiver.received) == 1:
            return web.Response(status=503, headers={"Retry-After": "120"})
        return web.Response()

    receiver.answer = busy_once
    async with running_worker() as worker:
        await until(lambda: list_deliveries(database)[0].last_status == 503)
        due_in = list_deliveries(database)[0].due_at - clock()
        assert 115 < due_in.total_seconds() <= 120
        clock.move(seconds=121)
        worker.wake()
        await until(lambda: all_delivered(database))


async def test_gone_disables_and_resuming_sends_what_was_held(
    database, subscribe, queue, receiver, running_worker, clock, until
):
    subscription, _ = subscribe(url=receiver.url)
    messages = queue(subscription, "p1", "p1")

    async def gone(request):
        return web.Response(status=410)

    receiver.answer = gone
    async with running_worker():
        await until(lambda: held(database) == 2)
        assert get_subscription(database, subscription.subscription_id).state is SubscriptionState.DISABLED
        assert len(receiver.received) == 1
        receiver.answer = None
        resume_subscription(database, subscription.subscription_id, clock=clock)
        await until(lambda: all_delivered(database))
    assert order_of(receiver, *messages) == [messages[0], *messages]


async def test_a_refused_address_disables_the_subscription_at_the_first_attempt(
    database, subscribe, queue, receiver, clock, until
):
    subscription, _ = subscribe(url=receiver.url)
    queue(subscription, "p1", "p2")
    limits = DeliveryLimits(poll_seconds=0.02)
    worker = DeliveryWorker(database, HubSettings(allow_private_webhooks=False), clock, limits=limits)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await until(lambda: held(database) == 2)
    stop.set()
    await running
    disabled = get_subscription(database, subscription.subscription_id)
    assert disabled.state is SubscriptionState.DISABLED
    assert "127.0.0.1" in (disabled.reason or "")
    assert receiver.received == []


async def test_a_receiver_that_does_not_answer_is_tried_again(
    database, subscribe, queue, receiver, running_worker, clock, until
):
    subscription, _ = subscribe(url=receiver.url)
    [message] = queue(subscription, "p1")

    async def hang_once(request):
        if len(receiver.received) == 1:
            await asyncio.Event().wait()
        return web.Response()

    receiver.answer = hang_once
    async with running_worker(timeout_seconds=0.1):
        await until(lambda: "no answer" in (list_deliveries(database)[0].last_error or ""))
        clock.move(seconds=10)
        await until(lambda: all_delivered(database))
    assert order_of(receiver, message) == [message, message]


async def test_a_crash_between_sending_and_marking_sends_again_under_the_same_id(
    database, subscribe, queue, receiver, running_worker, clock, until
):
    subscription, secret = subscribe(url=receiver.url)
    messages = queue(subscription, "p1", "p1")

    async def hang(request):
        await asyncio.Event().wait()

    receiver.answer = hang
    worker = DeliveryWorker(database, HubSettings(allow_private_webhooks=True), clock)
    running = asyncio.create_task(worker.run(asyncio.Event()))
    await receiver.wait_for(1)
    running.cancel()
    await asyncio.wait([running])
    assert count_deliveries(database)[DeliveryState.LEASED] == 1

    receiver.answer = None
    async with running_worker():
        clock.move(seconds=61)
        await until(lambda: all_delivered(database))
    assert order_of(receiver, *messages) == [messages[0], *messages]
    for request in receiver.received:
        Webhook(secret).verify(request.body, request.headers)


async def test_a_slow_receiver_delays_only_itself(database, subscribe, queue, receiver, running_worker, until):
    slow, _ = subscribe("org-slow", url=f"{receiver.url}/slow")
    quick, _ = subscribe("org-quick", url=f"{receiver.url}/quick")
    queue(slow, *[f"p{number}" for number in range(20)])
    queue(quick, *[f"p{number}" for number in range(20)])
    open_up = asyncio.Event()

    async def answer(request):
        if request.path == "/slow":
            await open_up.wait()
        return web.Response()

    receiver.answer = answer
    async with running_worker(in_flight=6, per_subscription=3):
        await until(lambda: delivered(database) == 20)
        assert sum(request.path == "/slow" for request in receiver.received) == 3
        open_up.set()
        await until(lambda: all_delivered(database))
    assert count_deliveries(database, subscription_id=quick.subscription_id)[DeliveryState.DELIVERED] == 20


async def test_waking_the_worker_does_not_wait_for_the_next_poll(
    database, subscribe, queue, receiver, running_worker, until
):
    subscription, _ = subscribe(url=receiver.url)
    async with running_worker(poll_seconds=3600) as worker:
        queue(subscription, "p1")
        await asyncio.to_thread(worker.wake)
        await until(lambda: all_delivered(database))


async def test_a_gentle_stop_ends_and_stores_what_is_on_its_way(
    database, subscribe, queue, receiver, running_worker, until
):
    subscription, _ = subscribe(url=receiver.url)
    queue(subscription, "p1", "p1")
    finish = asyncio.Event()

    async def answer(request):
        await finish.wait()
        return web.Response()

    receiver.answer = answer
    async with running_worker():
        await receiver.wait_for(1)
        asyncio.get_running_loop().call_later(0.05, finish.set)
    counts = count_deliveries(database)
    assert (counts[DeliveryState.DELIVERED], counts[DeliveryState.DUE]) == (1, 1)


class Interrupted(Database):
    """The same database, which can be away for a while."""

    away = False

    @contextmanager
    def begin(self):
        if self.away:
            raise TransientError("the database cannot be used now: connection refused")
        with super().begin() as connection:
            yield connection


async def test_what_was_sent_while_the_database_is_away_is_settled_when_it_is_back(
    database, subscribe, queue, receiver, clock, until
):
    subscription, _ = subscribe(url=receiver.url)
    [message] = queue(subscription, "p1")
    interrupted = Interrupted(database.engine)

    async def answer(request):
        interrupted.away = True
        return web.Response()

    receiver.answer = answer
    limits = DeliveryLimits(poll_seconds=3600, database_pause_seconds=0.02)
    worker = DeliveryWorker(interrupted, HubSettings(allow_private_webhooks=True), clock, limits=limits)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await receiver.wait_for(1)
    await asyncio.sleep(0.1)  # a few turns fail meanwhile
    assert worker.delivered == 0
    interrupted.away = False
    await until(lambda: all_delivered(database))
    stop.set()
    await running
    assert order_of(receiver, message) == [message]

"""The rules of claiming and settling, on both stores, with the outcomes given instead of sent."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from meekoppel_hub.notifications.retry import MAX_ATTEMPTS
from meekoppel_hub.notifications.send import Delivered, Failed, Refused
from meekoppel_hub.notifications.store import Capacity, DeliveryStore, Result
from meekoppel_hub.platform.database.tables.notifications import deliveries, notifications, subscriptions
from meekoppel_hub.platform.deliveries import (
    DeliveryState,
    count_deliveries,
    drop_deliveries,
    list_deliveries,
    release_deliveries,
)
from meekoppel_hub.platform.subscriptions import (
    SubscriptionState,
    get_subscription,
    pause_subscription,
    remove_subscription,
    resume_subscription,
)

LEASE = timedelta(seconds=60)
DOWN = Failed(500, "the receiver answered 500")
FINE = Delivered(200)
ROOMY = Capacity(1000, lambda _: 1000)


class Turns:
    """A store with its clock: claims, and settles with a given outcome."""

    def __init__(self, database, clock):
        self.store = DeliveryStore(database, LEASE, fraction=lambda: 0.5)
        self.database, self.clock = database, clock

    def claim(self, capacity=ROOMY):
        return self.store.turn((), capacity, self.clock())

    def settle(self, outcome, *claims):
        results = [Result(claim, outcome, self.clock()) for claim in claims]
        return self.store.turn(results, Capacity(0, lambda _: 0), self.clock())


@pytest.fixture
def turns(database, clock):
    return Turns(database, clock)


def lanes(claims):
    return [claim.lane for claim in claims]


def ids(claims):
    return [claim.post.message_id for claim in claims]


def states(database, **filters):
    return [delivery.state.value for delivery in reversed(list_deliveries(database, **filters))]


def test_of_each_lane_only_the_oldest_is_claimed(subscribe, queue, turns):
    subscription, _ = subscribe()
    messages = queue(subscription, "p1", "p1", "p2", "p2")
    assert ids(turns.claim()) == [messages[0], messages[2]]


def test_the_next_of_a_lane_comes_when_the_one_before_is_delivered(subscribe, queue, turns):
    subscription, _ = subscribe()
    messages = queue(subscription, "p1", "p1")
    first = turns.claim()
    assert turns.claim() == []
    turns.settle(FINE, *first)
    assert ids(turns.claim()) == [messages[1]]


def test_the_next_of_a_lane_waits_while_the_one_before_is_retried(subscribe, queue, turns, clock):
    subscription, _ = subscribe()
    messages = queue(subscription, "p1", "p1")
    turns.settle(DOWN, *turns.claim())
    assert turns.claim() == []
    clock.move(seconds=6)
    assert ids(turns.claim()) == [messages[0]]


def test_lanes_of_different_subscriptions_do_not_wait_for_one_another(subscribe, queue, turns):
    one, _ = subscribe("org-a")
    other, _ = subscribe("org-b")
    queue(one, "p1")
    queue(other, "p1")
    assert lanes(turns.claim()) == ["p1", "p1"]


def test_a_retry_waits_as_long_as_the_receiver_asks(subscribe, queue, turns, clock):
    subscription, _ = subscribe()
    queue(subscription, "p1")
    turns.settle(Failed(503, "busy", timedelta(minutes=10)), *turns.claim())
    clock.move(minutes=9)
    assert turns.claim() == []
    clock.move(minutes=2)
    assert len(turns.claim()) == 1


def test_many_results_are_settled_at_once(subscribe, queue, turns, database):
    subscription, _ = subscribe()
    queue(subscription, "p1", "p2", "p3", "p4")
    claims = turns.claim()
    outcomes = [FINE, FINE, DOWN, DOWN]
    results = [Result(claim, outcome, turns.clock()) for claim, outcome in zip(claims, outcomes, strict=True)]
    turns.store.turn(results, Capacity(0, lambda _: 0), turns.clock())
    assert states(database) == ["delivered", "delivered", "due", "due"]


def test_an_expired_lease_is_claimed_again_under_the_same_id(subscribe, queue, turns, clock):
    subscription, _ = subscribe()
    queue(subscription, "p1", "p1")
    first = turns.claim()
    clock.move(seconds=59)
    assert turns.claim() == []
    clock.move(seconds=2)
    again = turns.claim()
    assert ids(again) == ids(first)
    assert [claim.attempt for claim in again] == [2]


def test_the_late_answer_of_an_older_lease_changes_nothing(subscribe, queue, turns, clock, database):
    subscription, _ = subscribe()
    queue(subscription, "p1")
    late = turns.claim()
    clock.move(seconds=61)
    turns.claim()
    turns.settle(DOWN, *late)
    assert states(database) == ["leased"]


def test_capacity_is_kept_in_all_and_per_subscription(subscribe, queue, turns):
    for organisation in ("org-a", "org-b", "org-c"):
        subscription, _ = subscribe(organisation)
        queue(subscription, *[f"p{number}" for number in range(5)])
    claims = turns.claim(Capacity(7, lambda _: 3))
    assert len(claims) == 7
    assert all(sum(c.subscription_id == each.subscription_id for c in claims) <= 3 for each in claims)


def test_a_delivery_that_fails_to_the_end_is_held_with_its_lane_and_never_dropped(
    subscribe, queue, turns, clock, database
):
    subscription, _ = subscribe()
    queue(subscription, "p1", "p1", "p2")
    waiting_since = clock()
    for _ in range(MAX_ATTEMPTS):
        claims = turns.claim()
        assert lanes(claims)[:1] == ["p1"]
        turns.settle(FINE, *[claim for claim in claims if claim.lane == "p2"])
        turns.settle(DOWN, *[claim for claim in claims if claim.lane == "p1"])
        clock.move(hours=7)
    assert states(database) == ["held", "held", "delivered"]
    assert clock() - waiting_since > timedelta(days=2)
    queue(subscription, "p1", first=9)
    assert states(database)[-1] == "held"
    assert turns.claim() == []


def test_held_deliveries_are_released_in_their_old_order(subscribe, queue, turns, clock, database):
    subscription, _ = subscribe()
    messages = queue(subscription, "p1", "p1")
    pause_subscription(database, subscription.subscription_id, clock=clock)
    assert turns.claim() == []
    resume_subscription(database, subscription.subscription_id, clock=clock)
    first = turns.claim()
    turns.settle(FINE, *first)
    assert ids(first) + ids(turns.claim()) == messages


def test_a_held_lane_of_an_active_subscription_can_be_released_or_dropped(subscribe, queue, turns, clock, database):
    subscription, _ = subscribe()
    queue(subscription, "p1", "p2")
    for _ in range(MAX_ATTEMPTS):
        turns.settle(DOWN, *turns.claim())
        clock.move(hours=7)
    assert release_deliveries(database, subscription.subscription_id, plan_id="p1", clock=clock) == 1
    assert drop_deliveries(database, subscription.subscription_id) == 1
    assert states(database) == ["due", "dropped"]
    assert lanes(turns.claim()) == ["p1"]


def test_what_a_paused_subscription_holds_is_not_released_one_by_one(subscribe, queue, clock, database):
    subscription, _ = subscribe()
    queue(subscription, "p1")
    pause_subscription(database, subscription.subscription_id, clock=clock)
    assert release_deliveries(database, subscription.subscription_id, clock=clock) == 0


def test_a_refusal_disables_the_subscription_and_holds_its_deliveries(subscribe, queue, turns, database):
    subscription, _ = subscribe()
    other, _ = subscribe("org-b")
    queue(subscription, "p1", "p2", "p1")
    queue(other, "p1")
    claims = turns.claim(Capacity(9, lambda each: 1 if each == subscription.subscription_id else 0))
    turns.settle(Refused(410, "the receiver answered 410 Gone"), *claims)
    disabled = get_subscription(database, subscription.subscription_id)
    assert disabled.state is SubscriptionState.DISABLED
    assert disabled.reason == "the receiver answered 410 Gone"
    assert states(database, subscription_id=subscription.subscription_id) == ["held"] * 3
    assert [claim.subscription_id for claim in turns.claim()] == [other.subscription_id]


def test_what_arrives_after_a_pause_is_delivered_all_the_same(subscribe, queue, turns, clock, database):
    subscription, _ = subscribe()
    queue(subscription, "p1")
    on_its_way = turns.claim()
    pause_subscription(database, subscription.subscription_id, clock=clock)
    turns.settle(FINE, *on_its_way)
    assert states(database) == ["delivered"]


def test_what_fails_after_a_pause_stays_held(subscribe, queue, turns, clock, database):
    subscription, _ = subscribe()
    queue(subscription, "p1")
    on_its_way = turns.claim()
    pause_subscription(database, subscription.subscription_id, clock=clock)
    turns.settle(DOWN, *on_its_way)
    assert states(database) == ["held"]


def test_removing_a_subscription_drops_what_was_not_sent(subscribe, queue, turns, clock, database):
    subscription, _ = subscribe()
    queue(subscription, "p1", "p2")
    remove_subscription(database, subscription.subscription_id, clock=clock)
    assert states(database) == ["dropped", "dropped"]
    assert turns.claim() == []


steps = st.lists(
    st.sampled_from(["queue", "claim", "deliver", "fail", "refuse", "crash", "pause", "resume", "release", "wait"]),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_open_delivery_is_due_or_has_a_live_lease_and_lanes_keep_their_order(
    database, subscribe, queue, clock, steps
):
    empty(database)
    subscription, _ = subscribe()
    run = Run(Turns(database, clock), subscription, queue)
    for step in steps:
        run.take(step)
        run.check_invariant()
    run.end_well()
    assert run.delivered == run.in_lane_order()


def empty(database):
    with database.begin() as connection:
        for table in (deliveries, notifications, subscriptions):
            connection.execute(table.delete())


class Run:
    """Takes random steps with two lanes, and remembers the order in which deliveries succeeded."""

    def __init__(self, turns, subscription, queue):
        self.turns, self.subscription, self.put = turns, subscription, queue
        self.database, self.clock = turns.database, turns.clock
        self.on_their_way = []
        self.delivered = {"p1": [], "p2": []}
        self.queued = {"p1": [], "p2": []}
        self.number = 0

    def take(self, step):
        getattr(self, step)()

    def queue(self):
        for lane in ("p1", "p1", "p2"):
            self.number += 1
            self.queued[lane] += self.put(self.subscription, lane, first=self.number)

    def claim(self):
        self.on_their_way += self.turns.claim()

    def deliver(self):
        self._settle(FINE)

    def fail(self):
        self._settle(DOWN)

    def refuse(self):
        self._settle(Refused(410, "gone"))

    def crash(self):
        self.on_their_way.clear()

    def pause(self):
        pause_subscription(self.database, self.subscription.subscription_id, clock=self.clock)

    def resume(self):
        resume_subscription(self.database, self.subscription.subscription_id, clock=self.clock)

    def release(self):
        release_deliveries(self.database, self.subscription.subscription_id, clock=self.clock)

    def wait(self):
        self.clock.move(seconds=61)

    def _settle(self, outcome):
        if self.on_their_way:
            claim = self.on_their_way.pop(0)
            self.turns.settle(outcome, claim)
            self._note_delivered()

    def _note_delivered(self):
        for delivery in reversed(list_deliveries(self.database, state=DeliveryState.DELIVERED)):
            if delivery.notification_id not in self.delivered[delivery.plan_id]:
                self.delivered[delivery.plan_id].append(delivery.notification_id)

    def check_invariant(self):
        active = get_subscription(self.database, self.subscription.subscription_id).state is SubscriptionState.ACTIVE
        with self.database.read() as connection:
            rows = connection.execute(select(deliveries).where(deliveries.c.state.in_(("due", "leased")))).all()
        for row in rows:
            assert active, "an open delivery of a subscription to which nothing is sent"
            assert (row.lease_until is not None) == (row.state == "leased")

    def end_well(self):
        """Everything that is open or held is delivered in the end, when the receiver answers again."""
        self.crash()
        self.resume()
        for _ in range(2 * self.number + 2):
            self.clock.move(hours=7)
            self.claim()
            while self.on_their_way:
                self.deliver()
        counts = count_deliveries(self.database)
        assert counts[DeliveryState.DELIVERED] == self.number == sum(counts.values())

    def in_lane_order(self):
        return self.queued


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgis)], indirect=True)
def test_a_row_that_another_worker_is_claiming_is_passed_over(database, subscribe, queue, turns):
    subscription, _ = subscribe()
    queue(subscription, "p1", "p2")
    with database.begin() as other_worker:
        theirs = select(deliveries.c.delivery_id).where(deliveries.c.lane == "p1").with_for_update()
        other_worker.execute(theirs).all()
        assert lanes(turns.claim()) == ["p2"]


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgis)], indirect=True)
def test_workers_that_claim_at_the_same_time_share_the_work(database, subscribe, queue, clock):
    subscription, _ = subscribe()
    queue(subscription, *[f"p{number}" for number in range(60)])
    a_few = Capacity(5, lambda _: 5)
    with ThreadPoolExecutor(4) as workers:
        claimed = list(workers.map(lambda _: Turns(database, clock).claim(a_few), range(20)))
    found = [message for claims in claimed for message in ids(claims)]
    assert len(found) == len(set(found)) > 0

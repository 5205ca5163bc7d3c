"""Whatever a connector, its crashes and the hub's crashes do, each plan's history is whole and ends in the truth."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from meekoppel_contracts.codes import PlanEventType, RejectionReason, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.plan import Plan
from meekoppel_hub.platform.stream.records import LogRecord

TITLES = st.sampled_from(["Riool", "Gas", "Water"])
PLANS = st.sampled_from(["a", "b"])
machines = itertools.count()


@dataclass
class Truth:
    """What a plan's owner last said that the hub had to accept."""

    plan: Plan | None = None
    withdrawn: bool = False


@dataclass
class Connector:
    """A connector as it is: numbers from one, a new epoch when its state is lost."""

    number: int = 0
    sequence: int = 0
    sent: list[LogRecord] = field(default_factory=list)

    @property
    def epoch(self) -> str:
        return f"202611{self.number + 1:02}T080000000000Z-00ff00"


def machine_for(hub, inbox, make_plan, make_event) -> type[RuleBasedStateMachine]:
    class Interleaving(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.run = next(machines)
            self.connector = Connector()
            self.truth = {name: Truth() for name in ("a", "b")}
            self.waiting: list[LogRecord] = []
            self.repeated = False
            hub.published.clear()

        @rule(name=PLANS, title=TITLES, restricted=st.booleans())
        def say(self, name: str, title: str, restricted: bool) -> None:
            visibility = Visibility.RESTRICTED if restricted else Visibility.PUBLIC
            plan = make_plan(f"{self.run}-{name}", title=title, visibility=visibility)
            self.send(make_event(plan))
            self.truth[name] = Truth(plan)

        @rule(name=PLANS)
        def withdraw(self, name: str) -> None:
            known = self.truth[name].plan
            if known is not None:
                self.send(make_event(known, type=PlanEventType.WITHDRAWN))
                self.truth[name] = Truth(known, withdrawn=True)

        def send(self, event: PlanEvent) -> None:
            self.connector.sequence += 1
            record = inbox.send(event, epoch=self.connector.epoch, sequence=self.connector.sequence)
            self.connector.sent.append(record)
            self.waiting.append(record)

        @precondition(lambda self: self.connector.sent)
        @rule(back=st.integers(1, 5))
        def connector_crashes_and_sends_again(self, back: int) -> None:
            for record in self.connector.sent[-back:]:
                self.waiting.append(inbox.record(record.value, record.key, record.headers))

        @precondition(lambda self: self.connector.number < 20)
        @rule()
        def connector_loses_its_state_and_reads_everything_again(self) -> None:
            self.connector = Connector(self.connector.number + 1)
            for truth in self.truth.values():
                if truth.plan is not None and not truth.withdrawn:
                    self.send(make_event(truth.plan))

        @precondition(lambda self: self.waiting)
        @rule(size=st.integers(1, 6))
        def hub_handles_a_batch(self, size: int) -> None:
            hub.take(*self.waiting[:size])
            del self.waiting[:size]

        @precondition(lambda self: self.waiting)
        @rule(size=st.integers(1, 6))
        def hub_crashes_in_a_batch(self, size: int) -> None:
            hub.crash_before_commit = True
            with pytest.raises(hub.Crash):
                hub.take(*self.waiting[:size])
            hub.crash_before_commit = False

        @precondition(lambda self: self.waiting)
        @rule(size=st.integers(1, 6))
        def hub_handles_a_batch_twice(self, size: int) -> None:
            self.repeated = True
            hub.take(*self.waiting[:size])
            hub.take(*self.waiting[:size])
            del self.waiting[:size]

        def log_of(self, name: str) -> list[PlanEvent]:
            identifier = f"NL.gm0361.{self.run}-{name}"
            return [event for event in hub.log() if event.plan.plan_id == identifier]

        @invariant()
        def versions_have_no_gaps(self) -> None:
            for name in self.truth:
                versions = [event.version for event in self.log_of(name)]
                assert versions == list(range(1, len(versions) + 1))

        @invariant()
        def nothing_restricted_is_in_the_open_topic(self) -> None:
            assert all(event.plan.visibility is not Visibility.RESTRICTED for event in hub.log("plans"))

        def teardown(self) -> None:
            if self.waiting:
                hub.take(*self.waiting)
            # A batch repeated across a change of epoch says old things under an old epoch: not believed.
            allowed = {RejectionReason.STALE_EPOCH} if self.repeated else set()
            assert {rejection.reason for rejection in hub.rejections} <= allowed
            for name, truth in self.truth.items():
                log = self.log_of(name)
                assert bool(log) is (truth.plan is not None)
                if log:
                    assert log[-1].plan == truth.plan
                    assert (log[-1].type is PlanEventType.WITHDRAWN) is truth.withdrawn

    return Interleaving


def test_any_interleaving_of_resends_crashes_and_epochs_gives_whole_histories(hub, inbox, plan, event) -> None:
    run_state_machine_as_test(
        machine_for(hub, inbox, plan, event),
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )

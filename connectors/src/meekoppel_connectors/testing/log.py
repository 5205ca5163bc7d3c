"""The log as the hub would write it from an inbox: by the same rule of numbering, without the hub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from meekoppel_connectors.testing.inbox_file import Received
from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.numbering import Decision, Ruling, Standing, decide
from meekoppel_contracts.plan import changed_fields

BECAME_RESTRICTED = "became_restricted"


class Log:
    """Folds the records of an inbox.

    Attributes:
        versions: of each plan, in order: the events as they stand in the log, but for the time of recording.
        rulings: how often each ruling was given.
    """

    def __init__(self, records: Iterable[Received] = ()) -> None:
        self.versions: dict[PlanId, list[PlanEvent]] = {}
        self.rulings: Counter[Ruling] = Counter()
        self._standings: dict[PlanId, Standing] = {}
        self.take(records)

    def take(self, records: Iterable[Received]) -> None:
        """Number what these records submit, in their order."""
        for record in records:
            self._take(record)

    def types(self) -> dict[PlanId, list[str]]:
        """Give the kinds of the versions of each plan."""
        return {plan: [version.type.value for version in versions] for plan, versions in self.versions.items()}

    def _take(self, record: Received) -> None:
        event, plan = record.event, record.event.plan
        assert record.headers.epoch is not None, "a submission carries its epoch; see meekoppel_contracts.numbering"
        versions = self.versions.get(plan.plan_id, [])
        decision = decide(
            self._standings.get(plan.plan_id),
            event,
            record.headers.epoch,
            record.headers.sequence,
            lambda: changed_fields(versions[-1].plan, plan),
        )
        self.rulings[decision.ruling] += 1
        if decision.standing is None:
            return
        self._standings[plan.plan_id] = decision.standing
        if decision.ruling.event_type is not None:
            self.versions.setdefault(plan.plan_id, versions).extend(
                _versions(decision, decision.standing, event, versions)
            )


def _versions(
    decision: Decision, standing: Standing, event: PlanEvent, before: Sequence[PlanEvent]
) -> Iterator[PlanEvent]:
    if decision.leaves_open_topic:
        withdrawal = {"type": PlanEventType.WITHDRAWN, "version": standing.version - 1, "reason": BECAME_RESTRICTED}
        of_now = {"publisher": event.publisher, "occurred_at": event.occurred_at, "changed_fields": ()}
        yield before[-1].model_copy(update=withdrawal | of_now)
    numbered = {"version": standing.version, "changed_fields": decision.changed_fields}
    yield event.model_copy(update={"type": decision.ruling.event_type, **numbered})

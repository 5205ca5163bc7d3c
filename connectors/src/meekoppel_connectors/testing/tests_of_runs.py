"""What a series of runs must tell, and what it must never tell."""

from __future__ import annotations

from dataclasses import replace

from meekoppel_connectors.errors import ConnectorError, SourceAway, SourceError
from meekoppel_connectors.state.runs import Outcome
from meekoppel_connectors.testing.connector import ConnectorUnderTest, Records, demand, record_of
from meekoppel_contracts.codes import Status
from meekoppel_contracts.numbering import Ruling

ANOTHER_TITLE = "Sewer renewal, planned anew"


class TestsOfRuns:
    """Changes, removals, the guard, a source that is away, replays."""

    def test_an_unchanged_source_gives_no_event_but_a_heartbeat(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        connector.run()
        connector.run(open_guard=True)
        demand(
            len(connector.records()) == 12,
            f"reading an unchanged source again told {told(connector, 12)}; give nothing that changes by itself, such "
            "as the moment of reading or a count of views",
        )
        heartbeats = connector.inbox.heartbeats()
        demand(
            [(each.live_plans, each.rows_rejected, each.outbox_waiting) for each in heartbeats] == [(12, 0, 0)] * 2,
            f"two runs told the hub {heartbeats} of themselves instead of twelve live plans, twice",
        )

    def test_a_changed_record_gives_one_event_and_the_others_none(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        good = records.several(12)
        records.put(good)
        connector.run()
        records.put([*good[:4], replace(good[4], title=ANOTHER_TITLE), *good[5:]])
        connector.run()
        demand(
            told(connector, 12) == [("0005", "changed")],
            f"one of 12 records changed, and {told(connector, 12)} was told; a change must be seen at the next run, "
            "and touch no other record",
        )

    def test_a_new_record_is_registered(self, connector: ConnectorUnderTest, records: Records) -> None:
        records.put(records.several(12))
        connector.run()
        records.put(records.several(13))
        connector.run()
        demand(
            told(connector, 12) == [("0013", "registered")],
            f"a record was added, and {told(connector, 12)} was told; a source of changes must begin where its last "
            "Reached said, and give what came after",
        )

    def test_a_removed_record_is_withdrawn_and_restored_when_it_is_back(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        good = records.several(12)
        for now in (good, good[:-1], good):
            records.put(now)
            connector.run()
        wanted = [("0012", "withdrawn"), ("0012", "restored")] if connector.case.tells_removals else []
        demand(
            told(connector, 12) == wanted,
            f"a record went and came back, and {told(connector, 12)} was told instead of {wanted}; a snapshot must "
            "hold all that the source holds, and a source of changes must give a record that is gone with removed=True "
            "(or set tells_removals = False in the case, where it cannot know)",
        )

    def test_a_record_removed_after_its_end_is_completed_not_withdrawn(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        start, end = records.past
        good = [*records.several(11), records.make(12, start=start, end=end)]
        for now in (good, good[:-1]):
            records.put(now)
            connector.run()
        last = connector.records()[12:]
        if not connector.case.tells_removals:
            demand(not last, f"a source that cannot know of removals told {told(connector, 12)}")
            return
        demand(
            [each.event.plan.status for each in last] == [Status.COMPLETED],
            f"a record that was over left the source, and {told(connector, 12)} was told instead of its completion; "
            "does the mapping give the end of the record's period?",
        )

    def test_a_source_that_is_suddenly_empty_is_not_believed(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        good = records.several(12)
        records.put(good)
        connector.run()
        records.put([])
        stopped = _stops(connector) if connector.case.tells_removals else connector.run().withdrawn == 0
        demand(
            stopped and len(connector.records()) == 12,
            f"the source became empty, and {told(connector, 12)} was told; the guard must see that: do not turn an "
            "empty source into no rows at all where an error hides behind it, and do not yield rows of your own",
        )
        records.put(good)
        connector.run()
        demand(
            len(connector.records()) == 12,
            f"after the source was full again, {told(connector, 12)} was told, as if something had happened",
        )

    def test_a_mass_change_waits_for_a_person(self, connector: ConnectorUnderTest, records: Records) -> None:
        good = records.several(12)
        records.put(good)
        connector.run()
        records.put([replace(record, title=f"{record.title}, renamed") for record in good])
        summary = connector.run()
        told_by_itself = len(connector.records()) - 12
        demand(
            summary.outcome is Outcome.GUARDED and told_by_itself <= 2,
            f"all 12 records changed at once, and the run ended as {summary.outcome} with {told_by_itself} events; the "
            "guard must stop it",
        )
        connector.run(open_guard=True)
        demand(
            sorted(told(connector, 12)) == [(record.id, "changed") for record in good],
            f"with the guard opened, {told(connector, 12)} was told instead of twelve changes",
        )

    def test_a_source_that_is_away_loses_nothing_and_withdraws_nothing(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        connector.run()
        with connector.case.away():
            raised = _error_of(connector)
        demand(
            isinstance(raised, SourceError | SourceAway),
            f"the source was away and the run ended with {raised!r}; raise SourceAway when it may come back by itself, "
            "SourceError when a person must act, and let neither end as an empty source",
        )
        demand(len(connector.records()) == 12, f"while the source was away, {told(connector, 12)} was told")
        records.put(records.several(13))
        connector.run()
        demand(
            told(connector, 12) == [("0013", "registered")],
            f"when the source was back with one record more, {told(connector, 12)} was told",
        )

    def test_a_source_that_falls_away_half_way_is_read_again(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        fallen: list[int] = []

        def fall_once(count: int) -> None:
            if count == 5 and not fallen:
                fallen.append(count)
                raise SourceAway("the source", "was taken away by the test")

        connector.run_watched(fall_once)
        demand(
            fallen and sorted(told(connector)) == [(record.id, "registered") for record in records.several(12)],
            f"the source fell away after its fifth row and came back, and {told(connector)} was told instead of twelve "
            "registrations; reading again from the last Reached (or from the start) must give the same rows",
        )

    def test_what_is_sent_again_makes_no_new_version(self, connector: ConnectorUnderTest, records: Records) -> None:
        good = records.several(12)
        for now in (good, [replace(good[0], title=ANOTHER_TITLE), *good[1:]]):
            records.put(now)
            connector.run()
        log = connector.log()
        before = log.types()
        log.take(connector.inbox.records())
        demand(
            log.types() == before and log.rulings[Ruling.RESENT] == len(connector.inbox.records()),
            f"sending everything again gave {dict(log.rulings)}; numbers must rise within an epoch",
        )

    def test_a_deleted_state_makes_no_new_version(self, connector: ConnectorUnderTest, records: Records) -> None:
        good = records.several(12)
        records.put(good)
        connector.run()
        before = connector.log().types()
        connector.forget()
        records.say_again(good)
        connector.run()
        log = connector.log()
        demand(
            len(connector.inbox.records()) == 24,
            "after its state was deleted, the connector did not read everything again; without a cursor a source "
            "begins at the beginning",
        )
        changed = {record_of(plan): types for plan, types in log.types().items() if types != before.get(plan)}
        demand(
            not changed,
            f"a connector that lost its state made new versions {changed}; a plan must be made from its record alone",
        )


def told(connector: ConnectorUnderTest, after: int = 0) -> list[tuple[str, str]]:
    """Give what was told after so many events: which record, and what happened."""
    return [(record_of(each.event.plan.plan_id), each.event.type.value) for each in connector.records()[after:]]


def _stops(connector: ConnectorUnderTest) -> bool:
    try:
        return connector.run().outcome is Outcome.GUARDED
    except SourceError:
        return True


def _error_of(connector: ConnectorUnderTest) -> ConnectorError | None:
    try:
        connector.run()
    except ConnectorError as error:
        return error
    return None

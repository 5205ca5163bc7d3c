"""Terms in a calendar: until when its reader is to assess overlaps, and the two deadlines of its cooperations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Row

from meekoppel_hub.exports.columns import last_day
from meekoppel_hub.exports.entries import Entry
from meekoppel_hub.exports.orders import Order
from meekoppel_hub.reading.stored import StoredPlan
from meekoppel_hub.reading.terms import ANSWERED, CooperationTerms, asked_of_plans, cooperations_on


class TermEntries:
    """Gives the terms that belong to plans, each once in a calendar.

    An organisation gets what is asked of itself; the operator what is asked of anybody.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._given: set[str] = set()

    def of(self, batch: Sequence[StoredPlan]) -> list[Entry]:
        """Give the entries of the terms about some plans.

        Raises:
            TransientError: when the database is away.
        """
        viewer, plan_ids = self._order.viewer, [plan.plan_id for plan in batch]
        with self._order.database.read() as connection:
            asked = asked_of_plans(connection, viewer, plan_ids)
            shared = cooperations_on(connection, viewer, plan_ids)
        plans = {plan.plan_id: plan for plan in batch}
        entries = [self._assess(row, plans) for row in asked]
        for one in shared:
            if viewer.operator or viewer.organisation in one.answers:
                entries += self._cooperation(one)
        new = [entry for entry in entries if entry.uid not in self._given]
        self._given.update(entry.uid for entry in new)
        return new

    def _assess(self, row: Row[Any], plans: dict[str, StoredPlan]) -> Entry:
        """Name the plan of the one who is asked, and nothing of the other: it may be hidden."""
        word = self._order.presentation.word
        theirs = [plans[one] for one in (row.first_plan, row.second_plan) if one in plans]
        own = [plan for plan in theirs if plan.sharing.initiator == row.organisation and not plan.sharing.withdrawn]
        about = own[0].plan["title"] if own else word("samenloop", "overlap")
        return self._entry(
            uid=f"{row.overlap_id}/{row.organisation}/assess-by@meekoppel",
            sequence=row.overlap_revision + row.revision,
            summary=f"{word('Beoordeel samenloop', 'Assess overlap')}: {about} ({row.organisation})",
            by=row.assess_by,
            changed_at=row.answered_at or self._order.now,
            holds=row.is_open and row.answer not in ANSWERED,
            path=f"/overlaps/{row.overlap_id}",
        )

    def _cooperation(self, one: CooperationTerms) -> list[Entry]:
        word, row, viewer = self._order.presentation.word, one.row, self._order.viewer
        silent = one.silent()
        asked = bool(silent) if viewer.operator else viewer.organisation in silent
        deadlines = (
            ("answer-by", word("Antwoord op voorstel", "Answer proposal"), row.answer_by, asked),
            ("add-works-by", word("Werken toevoegen aan", "Add works to"), row.add_works_by, True),
        )
        return [
            self._entry(
                uid=f"{row.cooperation_id}/{name}@meekoppel",
                sequence=row.revision,
                summary=f"{what}: {row.title}",
                by=by,
                changed_at=row.recorded_at,
                holds=holds and not one.is_over,
                path=f"/cooperations/{quote(row.cooperation_id)}",
            )
            for name, what, by, holds in deadlines
            if by is not None
        ]

    def _entry(
        self, *, uid: str, sequence: int, summary: str, by: datetime, changed_at: datetime, holds: bool, path: str
    ) -> Entry:
        shown = self._order.presentation
        day = last_day(by, shown.zone)
        return Entry(
            uid=uid,
            sequence=sequence,
            summary=summary,
            first=day,
            last=day,
            changed_at=changed_at,
            state="CONFIRMED" if holds else "CANCELLED",
            categories=(shown.word("Termijn", "Deadline"),),
            link=f"{shown.link_base}{path}" if shown.link_base else "",
        )

"""By when parties are to say what they think of an overlap, or answer a proposal: for who takes part only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, or_, select

from meekoppel_hub.platform.database.tables.consultation import (
    assessments,
    cooperation_parties,
    cooperation_plans,
    cooperations,
)
from meekoppel_hub.reading.access import Viewer

ANSWERED: Final = frozenset({"yes", "no"})
OVER: Final = frozenset({"done", "ended_without_result", "withdrawn"})
_IDS_AT_ONCE: Final = 400


@dataclass(frozen=True, slots=True)
class CooperationTerms:
    """A cooperation with its parties.

    Attributes:
        row: of table `cooperations`.
        answers: what each party answered.
    """

    row: Row[Any]
    answers: dict[str, str]

    @property
    def is_over(self) -> bool:
        """Whether nothing is asked of anybody any more."""
        return self.row.state in OVER

    def silent(self) -> list[str]:
        """Name the parties that did not answer yes or no."""
        return sorted(party for party, answer in self.answers.items() if answer not in ANSWERED)


def said_of(connection: Connection, overlap_ids: Sequence[str]) -> list[Row[Any]]:
    """Read the line of each party of these overlaps, of those whose plans still meet."""
    found: list[Row[Any]] = []
    for chunk in _chunks(overlap_ids):
        query = select(assessments).where(assessments.c.overlap_id.in_(chunk), assessments.c.is_open)
        found += connection.execute(query).all()
    return found


def asked_of_plans(connection: Connection, viewer: Viewer, plan_ids: Sequence[str]) -> list[Row[Any]]:
    """Read what the viewer itself is asked to assess about these plans, also what is answered or over by now.

    The operator reads what is asked of anybody; who does not take part, nothing.
    """
    if _is_nobody(viewer):
        return []
    found: dict[tuple[str, str], Row[Any]] = {}
    for chunk in _chunks(plan_ids):
        of_plan = or_(assessments.c.first_plan.in_(chunk), assessments.c.second_plan.in_(chunk))
        query = select(assessments).where(of_plan, assessments.c.assess_by.is_not(None))
        if not viewer.operator:
            query = query.where(assessments.c.organisation == viewer.organisation)
        found |= {(row.overlap_id, row.organisation): row for row in connection.execute(query)}
    return [found[key] for key in sorted(found)]


def cooperations_on(connection: Connection, viewer: Viewer, plan_ids: Sequence[str]) -> list[CooperationTerms]:
    """Read the cooperations on these plans that the viewer may see; who does not take part sees none."""
    if _is_nobody(viewer):
        return []
    rows: dict[str, Row[Any]] = {}
    for chunk in _chunks(plan_ids):
        query = select(cooperations).join(
            cooperation_plans, cooperation_plans.c.cooperation_id == cooperations.c.cooperation_id
        )
        found = connection.execute(query.where(cooperation_plans.c.plan_id.in_(chunk)))
        rows |= {row.cooperation_id: row for row in found}
    answers: dict[str, dict[str, str]] = {}
    for chunk in _chunks(sorted(rows)):
        parties = select(cooperation_parties).where(cooperation_parties.c.cooperation_id.in_(chunk))
        for party in connection.execute(parties):
            answers.setdefault(party.cooperation_id, {})[party.organisation] = party.answer
    read = [CooperationTerms(rows[one], answers.get(one, {})) for one in sorted(rows)]
    return [one for one in read if not one.row.restricted or viewer.operator or viewer.organisation in one.answers]


def _is_nobody(viewer: Viewer) -> bool:
    return viewer.organisation is None and not viewer.operator


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _IDS_AT_ONCE] for start in range(0, len(ids), _IDS_AT_ONCE))

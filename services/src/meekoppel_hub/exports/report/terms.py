"""The terms that a meeting looks at: to assess overlaps and to answer proposals, missed and to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.sight import WholeSight
from meekoppel_hub.reading.terms import ANSWERED, cooperations_on, said_of


class Asked(StrEnum):
    """What is asked by a term."""

    ASSESS = "assess"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Term:
    """A term by which an organisation is to say something, and has not.

    Attributes:
        asked: what.
        id: of the overlap or the cooperation.
        about: what it is about: titles of the plans that the viewer sees, or of the cooperation.
        organisation: who is to.
        by: until when.
    """

    asked: Asked
    id: str
    about: str
    organisation: str
    by: datetime


def open_terms(
    connection: Connection, viewer: Viewer, pairs: Sequence[WholeSight], plan_ids: Sequence[str]
) -> list[Term]:
    """Give the terms of those who did not answer yet, the oldest first; who does not take part sees none.

    Nothing is told of the hidden party of a blind match.

    Args:
        connection: of the view.
        viewer: who asks.
        pairs: the pairs that meet, as the viewer sees them.
        plan_ids: the plans on which cooperations may be.
    """
    if viewer.organisation is None and not viewer.operator:
        return []
    by_id = {pair.row.overlap_id: pair for pair in pairs}
    terms = [
        Term(
            Asked.ASSESS,
            row.overlap_id,
            " – ".join(side.title for side in by_id[row.overlap_id].sides()),
            row.organisation,
            row.assess_by,
        )
        for row in said_of(connection, sorted(by_id))
        if row.assess_by is not None and row.answer not in ANSWERED
        if _is_known(by_id[row.overlap_id], row.organisation, viewer)
    ]
    terms += [
        Term(Asked.ANSWER, one.row.cooperation_id, one.row.title, party, one.row.answer_by)
        for one in cooperations_on(connection, viewer, plan_ids)
        if not one.is_over and one.row.answer_by is not None
        for party in one.silent()
    ]
    return sorted(terms, key=lambda term: (term.by, term.id, term.organisation))


def _is_known(pair: WholeSight, organisation: str, viewer: Viewer) -> bool:
    return viewer.organisation == organisation or pair.names_organisation(organisation)

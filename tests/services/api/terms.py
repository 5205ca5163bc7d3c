"""What parties are asked to say, as consultation stores it: netbeheer has not answered, gemeente has."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.consultation import (
    assessments,
    cooperation_parties,
    cooperation_plans,
    cooperations,
)

COOPERATION = "coop_samen1"


def fill_terms(
    database: Database, overlap_id: str, *, assess_by: datetime, answer_by: datetime, restricted: bool = False
) -> None:
    """Store what gemeente and netbeheer say of an overlap of their plans numbered 1, and a cooperation on both."""
    said = {
        "overlap_id": overlap_id, "overlap_revision": 1, "is_open": True, "restricted": False, "kind": "conflict_heavy",
        "severity": "high", "first_plan": "NL.gemeente.1", "first_version": 1, "second_plan": "NL.netbeheer.1",
        "second_version": 1, "assess_by": assess_by, "to_reassess": False, "opens_up": False, "answered_at": None,
    }  # fmt: skip
    cooperation = {
        "cooperation_id": COOPERATION, "revision": 2, "state": "in_consultation", "title": "Samen",
        "proposed_by": "gemeente", "lead": "gemeente", "restricted": restricted, "answer_by": answer_by,
        "answer_by_acted": False, "add_works_by": None, "add_works_by_acted": False, "recorded_at": assess_by,
    }  # fmt: skip
    answers = {"gemeente": "yes", "netbeheer": "undecided"}
    with database.begin() as connection:
        connection.execute(insert(cooperations).values(cooperation))
        for revision, (party, answer) in zip((1, 0), answers.items(), strict=True):
            connection.execute(
                insert(assessments).values({**said, "organisation": party, "answer": answer, "revision": revision})
            )
            connection.execute(
                insert(cooperation_parties).values(
                    cooperation_id=COOPERATION, organisation=party, answer=answer, answered_at=None
                )
            )
            connection.execute(
                insert(cooperation_plans).values(
                    cooperation_id=COOPERATION, plan_id=f"NL.{party}.1", organisation=party
                )
            )

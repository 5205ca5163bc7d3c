"""The table of transitions as it stands in the code and on the page."""

from __future__ import annotations

from pathlib import Path

from meekoppel_hub.consultation.transitions import FINAL, TRANSITIONS, Act, Transition

PAGE = Path(__file__).parents[3] / "docs" / "cooperation.md"


def row(transition: Transition) -> str:
    """A line of the table of the page."""
    stays = [before.value for before, after in transition.to.items() if before is after]
    moves: dict[str, list[str]] = {}
    for before, after in transition.to.items():
        if before is not after:
            moves.setdefault(after.value, []).append(before.value)
    parts = [f"{', '.join(befores)} → {after}" for after, befores in moves.items()]
    parts += [f"{', '.join(stays)}: stays"] if stays else []
    states = "none yet: open" if transition.act is Act.PROPOSE else "; ".join(parts)
    return f"| {transition.act.value} | {transition.who.value} | {states} |"


def test_the_page_shows_the_table_of_the_code() -> None:
    page = PAGE.read_text("utf-8")
    missing = [row(transition) for transition in TRANSITIONS.values() if row(transition) not in page]
    assert missing == []


def test_final_states_are_left_by_no_act() -> None:
    assert not [act for act, transition in TRANSITIONS.items() if FINAL & transition.to.keys()]


def test_every_act_has_its_line() -> None:
    assert set(TRANSITIONS) == set(Act)

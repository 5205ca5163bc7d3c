"""Say in words why two plans meet, or no longer do: built from the facts of the meeting, in English and in Dutch.

One text is for both parties, so organisations are named by their codes.
"""

from __future__ import annotations

from collections.abc import Iterator

from meekoppel_contracts.codes import OverlapKind
from meekoppel_hub.coordination.facts import PlanFacts
from meekoppel_hub.coordination.meeting import Meeting
from meekoppel_hub.coordination.phrases import Phrases
from meekoppel_hub.coordination.streets import is_numbered, street_in_common
from meekoppel_hub.coordination.windows import DAY_US

_WELL, _FAIRLY = 0.75, 0.5


def explain(meeting: Meeting, say: Phrases) -> str:
    """Explain a meeting: where, how much, when, how surely, what goes first, what speaks for doing it together."""
    text = f"{'; '.join(_clauses(meeting, say))}."
    if meeting.score is not None:
        text += f" {say.score.format(score=meeting.score)}"
    others = [one for one in meeting.rulesets if one != meeting.ruleset]
    if others:
        text += f" {say.rules.format(winner=meeting.ruleset, others=say.conjunction.join(others))}"
    return text


def explain_resolved(first: PlanFacts, second: PlanFacts, say: Phrases) -> str:
    """Say why a pair that met does not meet any more."""
    ended = [
        say.ended.get(plan.ended, say.ended_otherwise).format(one=plan.plan_id)
        for plan in (first, second)
        if plan.ended is not None
    ]
    if ended:
        why = say.conjunction.join(ended)
    elif first.initiator == second.initiator and first.kind == second.kind:
        why = say.same_owner.format(one=first.initiator)
    else:
        why = say.moved_apart
    return say.no_longer.format(why=why)


def _clauses(meeting: Meeting, say: Phrases) -> Iterator[str]:
    yield _lead(meeting, say)
    yield _place(meeting, say)
    yield from _time(meeting, say)
    if meeting.kind is OverlapKind.MORATORIUM_BREACH:
        yield from _certainty(meeting, say)
        return
    yield from _starts(meeting, say)
    if meeting.kind is not OverlapKind.OPPORTUNITY:
        yield from _certainty(meeting, say)
    if meeting.kind is not OverlapKind.DETOUR_HIT and not meeting.by_nuisance:
        yield from _sequence(meeting, say)
    if meeting.kind is OverlapKind.OPPORTUNITY:
        yield from _chances(meeting, say)


def _lead(meeting: Meeting, say: Phrases) -> str:
    first, second, where = meeting.first, meeting.second, _where(meeting, say)
    if meeting.kind is OverlapKind.MORATORIUM_BREACH:
        date = say.date(second.ends_us)
        until = say.for_ever if date is None else say.until.format(date=date)
        return say.breach.format(
            one=first.initiator, where=where, other=second.initiator, title=second.title, until=until
        )
    if meeting.kind is OverlapKind.DETOUR_HIT:
        on_it, owner = (second, first) if meeting.firsts_detour else (first, second)
        return say.detour.format(one=on_it.initiator, where=where, other=owner.initiator)
    if meeting.by_nuisance:
        return say.nuisance.format(where=where)
    if first.digs and second.digs:
        return say.both_dig.format(where=where)
    if first.digs or second.digs:
        digger, other = (first, second) if first.digs else (second, first)
        return say.one_digs.format(one=digger.initiator, where=where, other=other.initiator)
    return say.both_work.format(where=where)


def _where(meeting: Meeting, say: Phrases) -> str:
    street = street_in_common(meeting.first.title, meeting.second.title)
    if street is None:
        breach_or_detour = meeting.kind in (OverlapKind.MORATORIUM_BREACH, OverlapKind.DETOUR_HIT)
        return "" if breach_or_detour else say.here
    return (say.on_road if is_numbered(street) else say.in_street).format(street=street)


def _place(meeting: Meeting, say: Phrases) -> str:
    if meeting.area_m2 > 0:
        return say.shared.format(area=say.number(meeting.area_m2))
    if meeting.distance_m == 0:
        return say.touching
    return (say.in_buffers if meeting.by_buffer else say.apart).format(distance=say.number(meeting.distance_m))


def _time(meeting: Meeting, say: Phrases) -> Iterator[str]:
    if meeting.overlap_days:
        holds = meeting.by_nuisance or meeting.kind is OverlapKind.DETOUR_HIT
        yield (say.meanwhile if holds else say.together).format(days=say.days(meeting.overlap_days))
        if not meeting.sure and not holds:
            yield say.not_certain
        return
    yield say.apart_in_time.format(days=say.days(meeting.gap_days))
    if meeting.shift_days:
        mover, other = (meeting.first, meeting.second) if meeting.shifts_first else (meeting.second, meeting.first)
        way = say.can_move_later if mover.ends_us < other.starts_us else say.can_move_earlier
        yield way.format(one=mover.initiator, days=say.days(meeting.shift_days))


def _starts(meeting: Meeting, say: Phrases) -> Iterator[str]:
    earlier, later = sorted((meeting.first, meeting.second), key=lambda plan: plan.starts_us)
    days = round((later.starts_us - earlier.starts_us) / DAY_US)
    if days == 0:
        yield say.same_start
    else:
        yield say.starts_after.format(one=later.initiator, duration=say.duration(days), other=earlier.initiator)


def _certainty(meeting: Meeting, say: Phrases) -> Iterator[str]:
    unsure = [plan.initiator for plan in (meeting.first, meeting.second) if not plan.firm]
    if not unsure:
        if meeting.kind is not OverlapKind.MORATORIUM_BREACH:
            yield say.both_firm
    elif len(unsure) == 1:
        yield say.not_firm.format(one=unsure[0])
    else:
        yield say.neither_firm


def _sequence(meeting: Meeting, say: Phrases) -> Iterator[str]:
    if meeting.before is None or meeting.after is None:
        return
    deeper = meeting.first if meeting.before in meeting.first.disciplines.split(",") else meeting.second
    other = meeting.second if deeper is meeting.first else meeting.first
    phrase = say.should_go_before if other.starts_us < deeper.starts_us else say.goes_before
    yield phrase.format(before=say.discipline(meeting.before), after=say.discipline(meeting.after))


def _chances(meeting: Meeting, say: Phrases) -> Iterator[str]:
    if meeting.disciplines is not None:
        one, other = (say.discipline(name) for name in meeting.disciplines)
        degree = say.degrees[(meeting.fit >= _FAIRLY) + (meeting.fit >= _WELL)]
        yield say.fits.format(one=one, other=other, degree=degree)
    willing = [plan.initiator for plan in (meeting.first, meeting.second) if plan.cooperates]
    if len(willing) == 2:
        yield say.both_open
    elif willing:
        yield say.one_open.format(one=willing[0])

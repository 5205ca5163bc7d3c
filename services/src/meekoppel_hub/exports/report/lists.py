"""The lists of a report, as HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from html import escape

from meekoppel_contracts.codes import Certainty, MoratoriumKind, OpportunityPart, OverlapKind, Status
from meekoppel_hub.exports.columns import Presentation, first_day, label, last_day
from meekoppel_hub.exports.orders import Order
from meekoppel_hub.exports.report.changes import Change, What
from meekoppel_hub.exports.report.charts import Bar, timeline
from meekoppel_hub.exports.report.gather import Freshness, Report
from meekoppel_hub.exports.report.map import Mark
from meekoppel_hub.exports.report.rests import Rest
from meekoppel_hub.exports.report.terms import Asked, Term
from meekoppel_hub.exports.styles import KIND_COLOURS
from meekoppel_hub.reading.sides import RestSide
from meekoppel_hub.reading.stored import StoredPlan

_BARS = 46  # what one page has room for
_WHAT = {
    What.WITHDRAWN: ("ingetrokken", "withdrawn"),
    What.ENDED: ("beëindigd", "ended"),
    What.NEW: ("nieuw", "new"),
    What.MOVED: ("verschoven", "moved"),
    What.CHANGED: ("gewijzigd", "changed"),
}
_FIELD = {
    "status": ("status", "status"),
    "phase": ("fase", "phase"),
    "certainty": ("zekerheid", "certainty"),
    "zones": ("plaats", "place"),
    "disciplines": ("disciplines", "disciplines"),
}


def pairs_list(marks: Sequence[Mark], total: int, shown: Presentation) -> str:
    """List pairs under the numbers of the map: both plans, when, why, and how good the chance is."""
    if not marks:
        return _nothing(shown)
    return "".join(_pair(mark, shown) for mark in marks) + _more(total - len(marks), shown)


def _pair(mark: Mark, shown: Presentation) -> str:
    row = mark.pair.row
    score = "" if row.score is None else f'<i class="score"><i style="width:{row.score}%"></i></i><b>{row.score}</b>'
    sides = "".join(_side(side, shown) for side in mark.pair.sides())
    explained = shown.word(row.explanation_nl or row.explanation, row.explanation)
    return (
        f'<article class="pair"><h3><span class="number" style="background:{KIND_COLOURS.get(row.kind, "#616161")}">'
        f"{mark.number}</span>{escape(label(OverlapKind, row.kind, shown.language))}{score}</h3>"
        f"<table>{sides}</table><p>{escape(explained)}{_parts(row.score_parts, shown)}</p></article>"
    )


def _parts(written: str | None, shown: Presentation) -> str:
    """Write the parts of which a score is made: points of 100, and how much each counts."""
    parts = json.loads(written) if written else ()
    told = " · ".join(
        f"{escape(label(OpportunityPart, one['part'], shown.language))} {one['points']} (× {one['weight']:g})"
        for one in parts
    )
    return f"<br><small>{told}</small>" if told else ""


def _side(side: StoredPlan | RestSide, shown: Presentation) -> str:
    plan = side.plan
    return (
        f"<tr><td>{escape(plan['title'])}<br><small>{escape(side.plan_id)}</small></td>"
        f"<td>{escape(plan['initiator']['name'])}</td><td>{window(side, shown)}</td>"
        f"<td>{escape(_status(plan['status'], shown))}</td></tr>"
    )


def _status(status: str | None, shown: Presentation) -> str:
    """Say how far a plan is; a moratorium has no status."""
    return shown.word("graafrust", "moratorium") if status is None else label(Status, status, shown.language)


def timeline_of(marks: Sequence[Mark], order: Order) -> str:
    """Draw the plans of the numbered pairs on one time line, each once."""
    shown = order.presentation
    numbers: dict[str, list[str]] = {}
    plans: dict[str, tuple[StoredPlan, str]] = {}
    for mark in marks:
        for side in (side for side in mark.pair.sides() if isinstance(side, StoredPlan)):
            numbers.setdefault(side.plan_id, []).append(mark.number)
            plans.setdefault(side.plan_id, (side, KIND_COLOURS.get(mark.pair.row.kind, "#616161")))
    drawn = [_bar(plan, colour, numbers[plan_id], shown) for plan_id, (plan, colour) in plans.items()]
    today = first_day(order.now, shown.zone)
    chart = timeline(sorted(drawn[:_BARS], key=lambda bar: (bar.first, bar.name)), shown, today)
    return chart + _more(len(drawn) - _BARS, shown) if chart else _nothing(shown)


def _bar(plan: StoredPlan, colour: str, numbers: Sequence[str], shown: Presentation) -> Bar:
    ((first, last),) = periods_of([plan], shown)
    firm = plan.plan["certainty"] == Certainty.FIRM.value
    return Bar(plan.plan["title"], first, last, firm, colour, " ".join(numbers[:4]))


def periods_of(plans: Iterable[StoredPlan], shown: Presentation) -> list[tuple[date, date]]:
    """Give the first and last day of each plan."""
    periods = [plan.plan["period"] for plan in plans]
    firsts = [first_day(period["earliest_start"], shown.zone) for period in periods]
    return [
        (first, max(first, last_day(period["latest_end"], shown.zone)))
        for first, period in zip(firsts, periods, strict=True)
    ]


def window(side: StoredPlan | RestSide, shown: Presentation) -> str:
    """Write when a plan may be carried out, or a moratorium holds."""
    begins, ends = side.window
    first = first_day(begins, shown.zone)
    return f"{first} – {shown.word('opheffing', 'lifted') if ends is None else max(first, last_day(ends, shown.zone))}"


def changes_list(report: Report, order: Order, most: int) -> str:
    """List what became of plans since the last meeting: each kind counted, the most telling named."""
    shown = order.presentation
    told = []
    for what in What:
        of_kind = [change for change in report.changes if change.what is what]
        if of_kind:
            rows = "".join(_change(change, shown) for change in of_kind[:most])
            told.append(
                f"<h3>{shown.word(*_WHAT[what]).capitalize()}: {len(of_kind)}</h3><table>{rows}</table>"
                + _more(len(of_kind) - most, shown)
            )
    return "".join(told) or _nothing(shown)


def _change(change: Change, shown: Presentation) -> str:
    plan = change.now
    if change.what is What.WITHDRAWN:
        return f"<tr><td>{escape(plan.plan_id)}</td><td></td><td>{escape(str(plan.values['reason'] or ''))}</td></tr>"
    fields = ", ".join(shown.word(*_FIELD[name]) for name in change.fields)
    told = [*_moved(change, shown), fields]
    return (
        f"<tr><td>{escape(plan.plan['title'])}<br><small>{escape(plan.plan_id)}</small></td>"
        f"<td>{escape(plan.plan['initiator']['name'])}</td>"
        f"<td>{escape('; '.join(one for one in told if one))}</td></tr>"
    )


def _moved(change: Change, shown: Presentation) -> list[str]:
    """Say when the plan is to be done, and from when it was moved."""
    if change.what is not What.MOVED or change.before is None:
        return [window(change.now, shown)]
    days = change.moved_days
    way = "later" if days > 0 else shown.word("eerder", "earlier")
    moved = f"{window(change.before, shown)} → {window(change.now, shown)}"
    return [moved, f"{abs(days)} {shown.word('dagen', 'days')} {way}" if days else ""]


def rests_list(rests: Sequence[Rest], shown: Presentation) -> str:
    """List where the ground rests."""
    if not rests:
        return _nothing(shown)
    open_end = shown.word("tot het wordt opgeheven", "until it is lifted")
    ends = [open_end if rest.ends is None else str(last_day(rest.ends, shown.zone)) for rest in rests]
    rows = "".join(
        f"<tr><td>{escape(rest.title)}</td><td>{escape(rest.authority)}</td>"
        f"<td>{escape(label(MoratoriumKind, rest.kind, shown.language))}</td>"
        f"<td>{first_day(rest.starts, shown.zone)} – {escape(end)}</td></tr>"
        for rest, end in zip(rests, ends, strict=True)
    )
    return f"<table>{rows}</table>"


def late_list(report: Report, shown: Presentation, most: int) -> str:
    """List plans that should have ended, and invitations that were to be answered."""
    word = shown.word
    told: list[tuple[str, Sequence[StoredPlan], Callable[[StoredPlan], datetime]]] = [
        (
            word("Had klaar moeten zijn, en is niet afgemeld", "Should have ended, and was not reported so"),
            report.overdue,
            lambda plan: plan.plan["period"]["latest_end"],
        ),
        (
            word("Uitnodiging om mee te doen, antwoordtermijn voorbij", "Invitation to join, time to answer passed"),
            report.unanswered,
            lambda plan: plan.plan["cooperation"]["answer_by"],
        ),
    ]
    parts = []
    for title, plans, moment_of in told:
        if plans:
            rows = "".join(_late(plan, moment_of(plan), shown) for plan in plans[:most])
            parts.append(f"<h3>{title}: {len(plans)}</h3><table>{rows}</table>" + _more(len(plans) - most, shown))
    return "".join(parts) + terms_list(report.missed, shown, most) or _nothing(shown)


def terms_list(terms: Sequence[Term], shown: Presentation, most: int) -> str:
    """List by when organisations are to assess overlaps and to answer proposals; empty when there are none."""
    heads = {
        Asked.ASSESS: shown.word("Samenloop, nog te beoordelen", "Overlaps, still to be assessed"),
        Asked.ANSWER: shown.word("Samenwerking, nog te beantwoorden", "Cooperations, still to be answered"),
    }
    parts = []
    for asked, head in heads.items():
        listed = [term for term in terms if term.asked is asked]
        if listed:
            rows = "".join(
                f"<tr><td>{escape(term.about)}<br><small>{escape(term.id)}</small></td>"
                f"<td>{escape(term.organisation)}</td><td>{last_day(term.by, shown.zone)}</td></tr>"
                for term in listed[:most]
            )
            parts.append(f"<h3>{head}: {len(listed)}</h3><table>{rows}</table>" + _more(len(listed) - most, shown))
    return "".join(parts)


def _late(plan: StoredPlan, moment: datetime, shown: Presentation) -> str:
    return (
        f"<tr><td>{escape(plan.plan['title'])}<br><small>{escape(plan.plan_id)}</small></td>"
        f"<td>{escape(plan.plan['initiator']['name'])}</td><td>{last_day(moment, shown.zone)}</td></tr>"
    )


def freshness_list(freshness: Sequence[Freshness], shown: Presentation) -> str:
    """List per organisation how fresh its plans are."""
    if not freshness:
        return _nothing(shown)
    heads = (
        shown.word("Organisatie", "Organisation"),
        shown.word("Plannen", "Plans"),
        shown.word("Laatste bericht", "Last heard of"),
        shown.word("Half jaar niets gehoord", "Not heard of for half a year"),
        shown.word("Einde voorbij", "End has passed"),
    )
    rows = "".join(
        f"<tr><td>{escape(one.name)}</td><td>{one.plans}</td><td>{first_day(one.newest, shown.zone)}</td>"
        f"<td>{one.stale or ''}</td><td>{one.overdue or ''}</td></tr>"
        for one in freshness
    )
    return f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>{rows}</table>"


def _nothing(shown: Presentation) -> str:
    return f'<p class="nothing">{shown.word("Geen.", "None.")}</p>'


def _more(count: int, shown: Presentation) -> str:
    if count <= 0:
        return ""
    return f'<p class="nothing">{shown.word(f"… en nog {count}.", f"… and {count} more.")}</p>'

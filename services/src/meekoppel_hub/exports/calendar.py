"""A calendar of plans (RFC 5545): their periods and their deadlines, which agendas follow from version to version.

An event keeps its UID for ever, and its SEQUENCE rises with the plan's version, so that an agenda that reads the
calendar again moves what it has. What is cancelled, not executed or withdrawn stays as a cancelled event. So do
terms to assess an overlap or to answer a proposal, when they were met or fell away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from meekoppel_contracts.codes import Certainty, Discipline, Phase, Precision, Status
from meekoppel_hub.exports.columns import Presentation, coded, first_day, label, last_day
from meekoppel_hub.exports.entries import Entry
from meekoppel_hub.exports.extras import needs
from meekoppel_hub.exports.orders import Order
from meekoppel_hub.exports.plan_columns import PlanLine, plan_lines
from meekoppel_hub.exports.term_entries import TermEntries
from meekoppel_hub.reading.batches import plan_batches
from meekoppel_hub.reading.plans import PlanFilter
from meekoppel_hub.reading.stored import StoredPlan

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
_ENDED: Final = frozenset({Status.CANCELLED.value, Status.NOT_EXECUTED.value})
_SURE: Final = frozenset({Status.PLANNED.value, Status.IN_PROGRESS.value, Status.COMPLETED.value})


def export_calendar(order: Order, wanted: PlanFilter) -> Iterator[bytes]:
    """Write the periods and deadlines of plans as a calendar, piece by piece.

    Args:
        order: for whom and in which language; its coordinates must be longitude and latitude.
        wanted: which plans.

    Raises:
        SettingsError: when the extra `export` is not installed.
        TransientError: when the database is away.
    """
    icalendar = needs("icalendar")
    batches = order.counted(plan_batches(order.database, order.viewer, wanted, order.now, withdrawn=True))
    terms = TermEntries(order)
    yield _head(icalendar, order.presentation)
    for batch in batches:
        entries = [
            entry for line in plan_lines(batch, order.places) for entry in plan_entries(line, order.presentation)
        ]
        entries += terms.of(batch)
        yield b"".join(_event(icalendar, entry) for entry in entries)
    yield b"END:VCALENDAR\r\n"


def plan_entries(line: PlanLine, shown: Presentation) -> list[Entry]:
    """Give the entries of a plan: its period, and the deadline to answer its owner's invitation to cooperate.

    Of a withdrawn plan nothing is told but that it is gone.
    """
    stored = line.stored
    if stored.sharing.withdrawn:
        return [_withdrawn(stored, shown)]
    plan = stored.plan
    period = plan["period"]
    first = first_day(period["earliest_start"], shown.zone)
    cancelled = plan["status"] in _ENDED
    sure = plan["status"] in _SURE and plan["certainty"] == Certainty.FIRM.value
    entry = Entry(
        uid=f"{stored.plan_id}/period@meekoppel",
        sequence=stored.version,
        summary=f"{plan['title']} ({plan['initiator']['name']})",
        first=first,
        last=max(first, last_day(period["latest_end"], shown.zone)),
        changed_at=stored.values["recorded_at"],
        state="CANCELLED" if cancelled else "CONFIRMED" if sure else "TENTATIVE",
        text=_described(stored, shown),
        categories=tuple(label(Discipline, one, shown.language) for one in plan["disciplines"]),
        link=f"{shown.link_base}/plans/{quote(stored.plan_id)}" if shown.link_base else "",
        place=(line.y, line.x),
    )
    cooperation = plan["cooperation"]
    if cancelled or cooperation is None or not cooperation["open"] or cooperation["answer_by"] is None:
        return [entry]
    return [entry, _deadline(entry, last_day(cooperation["answer_by"], shown.zone), shown)]


def _deadline(entry: Entry, day: date, shown: Presentation) -> Entry:
    word = shown.word("Antwoord voor: meewerken aan", "Answer by: join")
    return Entry(
        uid=entry.uid.replace("/period@", "/answer-by@"),
        sequence=entry.sequence,
        summary=f"{word} {entry.summary}",
        first=day,
        last=day,
        changed_at=entry.changed_at,
        state="CONFIRMED",
        text=entry.text,
        categories=(shown.word("Termijn", "Deadline"),),
        link=entry.link,
    )


def _withdrawn(stored: StoredPlan, shown: Presentation) -> Entry:
    at: datetime = stored.values["recorded_at"]
    day = first_day(at, shown.zone)
    return Entry(
        uid=f"{stored.plan_id}/period@meekoppel",
        sequence=stored.version,
        summary=f"{shown.word('Ingetrokken', 'Withdrawn')}: {stored.plan_id}",
        first=day,
        last=day,
        changed_at=at,
        state="CANCELLED",
    )


def _described(stored: StoredPlan, shown: Presentation) -> str:
    plan, word = stored.plan, shown.word
    told: Sequence[tuple[str, Any]] = (
        ("Status", label(Status, plan["status"], shown.language)),
        (word("Fase", "Phase"), label(Phase, plan["phase"], shown.language)),
        (word("Zekerheid", "Certainty"), label(Certainty, plan["certainty"], shown.language)),
        (word("Disciplines", "Disciplines"), coded(plan["disciplines"], Discipline, shown)),
        (word("Datum op", "Dates to the"), label(Precision, plan["period"]["precision"], shown.language)),
        (word("Plannummer", "Plan id"), stored.plan_id),
        (word("Omschrijving", "Description"), plan["description"]),
    )
    return "\n".join(f"{name}: {text}" for name, text in told if text)


def _head(icalendar: Any, shown: Presentation) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Meekoppel//Meekoppel hub//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", shown.word("Meekoppel: plannen", "Meekoppel: plans"))
    calendar.add("refresh-interval", timedelta(hours=6), parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    written: bytes = calendar.to_ical()
    return written.removesuffix(b"END:VCALENDAR\r\n")


def _event(icalendar: Any, entry: Entry) -> bytes:
    event = icalendar.Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("dtstart", entry.first)
    event.add("dtend", entry.last + timedelta(days=1))  # RFC 5545: the end is the day after
    event.add("summary", entry.summary)
    event.add("status", entry.state)
    event.add("transp", "TRANSPARENT")  # nobody is busy because a street is open
    if entry.text:
        event.add("description", entry.text)
    if entry.categories:
        event.add("categories", list(entry.categories))
    if entry.link:
        event.add("url", entry.link)
    if entry.place is not None:
        event.add("geo", entry.place)
    written: bytes = event.to_ical()
    return written

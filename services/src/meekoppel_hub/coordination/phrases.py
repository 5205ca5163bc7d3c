"""The phrases of which explanations are made, in English and in Dutch. Each is complete but for its blanks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal

from meekoppel_contracts.codelists import code_list
from meekoppel_contracts.codes import Discipline

Language = Literal["en", "nl"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR_TOLD = 9000


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One language.

    The names say what each phrase tells. Its blanks are `one` and `other` (organisations), `where`, and what the name
    says.
    """

    language: Language
    decimal_comma: bool
    in_street: str
    on_road: str
    here: str
    both_dig: str
    both_work: str
    one_digs: str
    nuisance: str
    detour: str
    breach: str
    until: str
    for_ever: str
    shared: str
    touching: str
    apart: str
    in_buffers: str
    together: str
    meanwhile: str
    not_certain: str
    apart_in_time: str
    starts_after: str
    same_start: str
    can_move_later: str
    can_move_earlier: str
    both_firm: str
    neither_firm: str
    not_firm: str
    goes_before: str
    should_go_before: str
    fits: str
    degrees: tuple[str, str, str]
    both_open: str
    one_open: str
    score: str
    rules: str
    day: tuple[str, str]
    week: tuple[str, str]
    month: tuple[str, str]
    year: tuple[str, str]
    conjunction: str
    no_longer: str
    ended: Mapping[str, str]
    ended_otherwise: str
    same_owner: str
    moved_apart: str
    no_details: str

    def number(self, value: float) -> str:
        """Write a measure, with as many decimals as it has (two at most)."""
        text = f"{value:.2f}".rstrip("0").rstrip(".")
        return text.replace(".", ",") if self.decimal_comma else text

    def days(self, count: int) -> str:
        """Write a number of days."""
        return _counted(count, self.day)

    def duration(self, days: int) -> str:
        """Write a stretch of time as people say it: days, then weeks, months and years."""
        if days < 14:
            return self.days(days)
        if days < 7 * 26:
            return _counted(round(days / 7), self.week)
        if days < 365 * 3:
            return _counted(round(days / 30.44), self.month)
        return _counted(round(days / 365.25), self.year)

    def date(self, micros: int) -> str | None:
        """Write a day (UTC); None for what lies beyond all calendars."""
        moment = _EPOCH + timedelta(microseconds=micros)
        return None if moment.year >= _LAST_YEAR_TOLD else moment.date().isoformat()

    def discipline(self, code: str) -> str:
        """Say what a discipline is called."""
        return _disciplines(self.language).get(code, code.replace("_", " "))


@cache
def _disciplines(language: Language) -> Mapping[str, str]:
    names = code_list(Discipline)
    return {one.value: names.label(one.value, language).lower() for one in Discipline}


def _counted(count: int, words: tuple[str, str]) -> str:
    return f"{count} {words[0] if count == 1 else words[1]}"


ENGLISH = Phrases(
    language="en",
    decimal_comma=False,
    in_street=" in {street}",
    on_road=" on {street}",
    here=" here",
    both_dig="Both dig{where}",
    both_work="Both work{where}",
    one_digs="{one} digs{where} and {other} works there",
    nuisance="Nuisance of the one reaches the other{where}",
    detour="{one} works{where} on a detour of {other}",
    breach="{one} digs{where} where the ground rests by order of {other} (“{title}”), {until}",
    until="until {date}",
    for_ever="until it is lifted",
    shared="{area} m² in common",
    touching="the zones touch",
    apart="{distance} m apart",
    in_buffers="{distance} m apart, within the buffers",
    together="{days} in the same period",
    meanwhile="for {days}",
    not_certain="the dates leave room to keep them apart",
    apart_in_time="{days} between the periods",
    starts_after="{one} starts {duration} after {other}",
    same_start="both start on the same day",
    can_move_later="{one} can move {days} later",
    can_move_earlier="{one} can move {days} earlier",
    both_firm="both are firm",
    neither_firm="neither is firm",
    not_firm="{one} is not firm",
    goes_before="{before} goes before {after}",
    should_go_before="{before} should go before {after}",
    fits="{one} with {other} fits {degree}",
    degrees=("less well", "fairly", "well"),
    both_open="both are open to cooperate",
    one_open="{one} is open to cooperate",
    score="Score {score} of 100.",
    rules="By the rules of {winner}; {others} applied as well.",
    day=("day", "days"),
    week=("week", "weeks"),
    month=("month", "months"),
    year=("year", "years"),
    conjunction=" and ",
    no_longer="No longer meeting: {why}.",
    ended={
        "withdrawn": "{one} was withdrawn",
        "completed": "{one} is completed",
        "cancelled": "{one} is cancelled",
        "not_executed": "{one} will not be executed",
        "lifted": "{one} was lifted",
    },
    ended_otherwise="{one} has ended",
    same_owner="both plans are of {one} now",
    moved_apart="their zones or periods have moved apart",
    no_details="The two plans no longer meet in what is shared with all.",
)

DUTCH = Phrases(
    language="nl",
    decimal_comma=True,
    in_street=" in {street}",
    on_road=" op de {street}",
    here=" hier",
    both_dig="Beide graven{where}",
    both_work="Beide werken{where}",
    one_digs="{one} graaft{where} en {other} werkt daar",
    nuisance="Hinder van de een raakt de ander{where}",
    detour="{one} werkt{where} op een omleiding van {other}",
    breach="{one} graaft{where} waar graafrust geldt van {other} (“{title}”), {until}",
    until="tot {date}",
    for_ever="tot die wordt opgeheven",
    shared="{area} m² gemeenschappelijk",
    touching="de zones raken elkaar",
    apart="{distance} m uit elkaar",
    in_buffers="{distance} m uit elkaar, binnen de buffers",
    together="{days} in dezelfde periode",
    meanwhile="{days} lang",
    not_certain="de data laten ruimte om ze uit elkaar te houden",
    apart_in_time="{days} tussen de perioden",
    starts_after="{one} begint {duration} na {other}",
    same_start="beide beginnen op dezelfde dag",
    can_move_later="{one} kan {days} later",
    can_move_earlier="{one} kan {days} eerder",
    both_firm="beide staan vast",
    neither_firm="geen van beide staat vast",
    not_firm="{one} staat niet vast",
    goes_before="{before} gaat vóór {after}",
    should_go_before="{before} hoort vóór {after} te gaan",
    fits="{one} met {other} gaat {degree} samen",
    degrees=("minder goed", "redelijk", "goed"),
    both_open="beide staan open voor samenwerking",
    one_open="{one} staat open voor samenwerking",
    score="Score {score} van 100.",
    rules="Volgens de regels van {winner}; ook {others} is toegepast.",
    day=("dag", "dagen"),
    week=("week", "weken"),
    month=("maand", "maanden"),
    year=("jaar", "jaar"),
    conjunction=" en ",
    no_longer="Ze raken elkaar niet meer: {why}.",
    ended={
        "withdrawn": "{one} is ingetrokken",
        "completed": "{one} is voltooid",
        "cancelled": "{one} is geannuleerd",
        "not_executed": "{one} wordt niet uitgevoerd",
        "lifted": "{one} is opgeheven",
    },
    ended_otherwise="{one} is beëindigd",
    same_owner="beide plannen zijn nu van {one}",
    moved_apart="hun zones of perioden liggen nu uit elkaar",
    no_details="De twee plannen raken elkaar niet meer in wat met allen wordt gedeeld.",
)

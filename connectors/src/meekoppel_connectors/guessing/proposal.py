"""All guesses about one source together: what `init` writes down."""

from __future__ import annotations

from dataclasses import dataclass

from meekoppel_connectors.guessing.codes import (
    CERTAINTY_WORDS,
    DISCIPLINE_WORDS,
    STATUS_WORDS,
    CodedColumn,
    guess_coded,
)
from meekoppel_connectors.guessing.countries import Country, country_of, hub_crs_of
from meekoppel_connectors.guessing.formats import Found
from meekoppel_connectors.guessing.guess import Confidence, Guess, Value
from meekoppel_connectors.guessing.identity import guess_id
from meekoppel_connectors.guessing.organisations import Owner, guess_owner
from meekoppel_connectors.guessing.periods import PeriodColumns, guess_period
from meekoppel_connectors.guessing.places import (
    WGS84,
    PlaceColumns,
    Reference,
    guess_columns,
    guess_crs,
    names_its_crs,
    points_of,
)
from meekoppel_connectors.guessing.sample import Sample
from meekoppel_connectors.guessing.texts import guess_description, guess_title
from meekoppel_connectors.guessing.words import Role

SOME_ORGANISATION = "my-organisation"
DEFAULT_HUB_CRS = 28992


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person who asks knows already.

    Attributes:
        organisation: the code that the hub gave.
        hub_crs: the hub's CRS.
        namespace: the hub's name space of plan ids.
        state: where the connector is to keep its memory.
    """

    organisation: str | None = None
    hub_crs: int | None = None
    namespace: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What holds for the connector as a whole; each is guessed from the place of the plans where nobody said it.

    Attributes:
        organisation: who publishes.
        namespace: of the plan ids.
        hub_crs: EPSG number of the hub's CRS.
        time_zone: of times that have none.
        state: the file with the connector's memory; no two connectors may share one.
    """

    organisation: Guess[str]
    namespace: Guess[str]
    hub_crs: Guess[int]
    time_zone: Guess[str]
    state: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration, guess by guess; None where nothing was found that could serve.

    Attributes:
        found: the format and its settings.
        sample: what the guesses are made from.
        around: what holds for the connector as a whole.
        columns: where the geometry stands.
        reference: the CRS; None also when each geometry names its own.
        local_id: the column that identifies a plan.
        title: the column of the title.
        description: the column of the description.
        period: the columns of the period.
        status: the column of the status, and its codes.
        certainty: the column of the certainty, and its codes.
        disciplines: the column of the kind of work, and its codes.
        owner: whose plans they are.
    """

    found: Found
    sample: Sample
    around: Surroundings
    columns: Guess[PlaceColumns] | None
    reference: Guess[Reference] | None
    local_id: Guess[str] | None
    title: Guess[str] | None
    description: Guess[str] | None
    period: Guess[PeriodColumns] | None
    status: Guess[CodedColumn] | None
    certainty: Guess[CodedColumn] | None
    disciplines: Guess[CodedColumn] | None
    owner: Guess[Owner]


def propose(found: Found, sample: Sample, wishes: Wishes) -> Proposal:
    """Guess everything about a source from its sample."""
    columns = guess_columns(sample)
    points = [] if columns is None else points_of(sample, columns.value)
    reference = _reference(sample, columns, points, wishes.hub_crs)
    around = _surroundings(wishes, points, reference)
    local_id, period = guess_id(sample), guess_period(sample)
    taken = {local_id.value} if local_id else set()
    taken |= {period.value.start.name, period.value.end.name} if period else set()
    taken |= set(columns.value.names) if columns else set()
    status = guess_coded(sample, Role.STATUS, STATUS_WORDS, "planned", taken)
    certainty = guess_coded(sample, Role.CERTAINTY, CERTAINTY_WORDS, "possible", taken)
    taken |= {coded.value.name for coded in (status, certainty) if coded}
    disciplines = guess_coded(sample, Role.DISCIPLINE, DISCIPLINE_WORDS, "other", taken)
    taken |= {disciplines.value.name} if disciplines else set()
    owner = guess_owner(sample, around.organisation.value, taken)
    title = guess_title(sample, taken)
    told = {title.value} if title else set()
    told |= {owner.value.column} if owner.value.column else set()
    description = guess_description(sample, taken | told)
    return Proposal(
        found=found,
        sample=sample,
        around=around,
        columns=columns,
        reference=reference,
        local_id=local_id,
        title=title,
        description=description,
        period=period,
        status=status,
        certainty=certainty,
        disciplines=disciplines,
        owner=owner,
    )


def _reference(
    sample: Sample, columns: Guess[PlaceColumns] | None, points: list[tuple[float, float]], hub: int | None
) -> Guess[Reference] | None:
    if columns is None or names_its_crs(sample, columns.value):
        return None
    named = None if sample.crs is None else sample.crs.to_epsg() or WGS84 if sample.crs.is_geographic else None
    if sample.crs is not None and not sample.crs.is_geographic:
        named = sample.crs.to_epsg(min_confidence=60)
    return guess_crs(points, named, hub)


def _surroundings(
    wishes: Wishes, points: list[tuple[float, float]], reference: Guess[Reference] | None
) -> Surroundings:
    crs = None if reference is None else reference.value.crs
    straight = [(y, x) for x, y in points] if reference is not None and reference.value.swapped else points
    country = country_of(straight, crs)
    return Surroundings(
        organisation=_said(wishes.organisation)
        or Guess(SOME_ORGANISATION, Confidence.UNSURE, "write the code that the hub gave you, such as gm0361"),
        namespace=_said(wishes.namespace) or _namespace(country),
        hub_crs=_said(wishes.hub_crs) or _hub_crs(country, straight, crs),
        time_zone=_time_zone(country),
        state=wishes.state or f"state/{wishes.organisation or SOME_ORGANISATION}.db",
    )


def _said(value: Value | None) -> Guess[Value] | None:
    return None if value is None else Guess(value, Confidence.SURE, "as you said")


def _namespace(country: Country | None) -> Guess[str]:
    if country is None:
        return Guess("NL", Confidence.UNSURE, "ask the hub for the name space of its plan ids")
    confidence = Confidence.SURE if country.code == "NL" else Confidence.LIKELY
    return Guess(country.code, confidence, f"the plans lie in {country.name}; the hub's own is meant")


def _hub_crs(country: Country | None, points: list[tuple[float, float]], crs: int | None) -> Guess[int]:
    if not points or crs is None:
        return Guess(DEFAULT_HUB_CRS, Confidence.UNSURE, "ask the hub for its CRS; RD New is usual in the Netherlands")
    number = hub_crs_of(country, points, crs)
    if country is not None and country.code == "NL":
        return Guess(number, Confidence.SURE, "the plans lie in the Netherlands")
    where = country.name if country else "a country that is not known here"
    return Guess(number, Confidence.LIKELY, f"the plans lie in {where}; ask the hub for its CRS")


def _time_zone(country: Country | None) -> Guess[str]:
    if country is None:
        return Guess("Europe/Amsterdam", Confidence.UNSURE, "of times without a zone")
    confidence = Confidence.LIKELY if country.code == "US" else Confidence.SURE
    return Guess(country.time_zone, confidence, f"the plans lie in {country.name}")

"""Writing a proposal as a commented YAML configuration, for a planner to read and mend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from meekoppel_connectors.guessing.codes import CodedColumn
from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.periods import DateColumn
from meekoppel_connectors.guessing.proposal import Proposal
from meekoppel_connectors.guessing.texts import is_cut
from meekoppel_contracts.plan import DESCRIPTION_LENGTH, TITLE_LENGTH

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./(-][A-Za-z0-9_./()-]*)*")
_OTHERWISE_READ = re.compile(r"true|false|null", re.IGNORECASE)
_NO_FIELD = "[]"
_PICK = "  # UNSURE: all files together are what there is; newest when each file is a whole export"


def written(proposal: Proposal, place: Mapping[str, str]) -> str:
    """Give the text of the configuration.

    Args:
        proposal: what was guessed.
        place: the settings of `source` that say where it is, such as `path`.
    """
    lines = [*_head(), *_surroundings(proposal), "", *_source(proposal, place), "", *_plan(proposal)]
    return "\n".join(lines) + "\n"


def scalar(value: Any) -> str:
    """Write a value so that it is read as what it is: texts that could be taken for something else are quoted."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _OTHERWISE_READ.fullmatch(value):
        return value
    # what is not seen is written as its number: YAML ends a line at some of it
    return json.dumps(value, ensure_ascii=isinstance(value, str) and not value.isprintable())


def line(indent: int, key: str, value: str, guess: Guess[Any] | None = None) -> str:
    """Write one setting, with the remark of its guess behind it."""
    text = f"{' ' * indent}{key}: {value}"
    return f"{text}  # {guess.remark}" if guess is not None and guess.remark else text


def _head() -> list[str]:
    return [
        "# Made by `meekoppel-connector init`. Look at the lines marked LIKELY or UNSURE: there it had to guess.",
        "# Then: meekoppel-connector preview THIS-FILE, until the plans are right. Nothing is published by that.",
        "# Every setting is explained in docs/connectors.md.",
        "",
    ]


def _surroundings(proposal: Proposal) -> Iterator[str]:
    around = proposal.around
    yield line(0, "organisation", scalar(around.organisation.value), around.organisation)
    yield line(0, "namespace", scalar(around.namespace.value), around.namespace)
    yield line(0, "hub_crs", str(around.hub_crs.value), around.hub_crs)
    yield line(0, "time_zone", scalar(around.time_zone.value), around.time_zone)
    yield line(0, "state", scalar(around.state)) + "  # the connector's memory; keep it"
    yield '# kafka: {bootstrap: "kafka.hub.example:9093"}  # the address that the hub gave you'


def _source(proposal: Proposal, place: Mapping[str, str]) -> Iterator[str]:
    yield f"source:  # {proposal.found.why}; {_rows(proposal)}"
    yield line(2, "format", proposal.found.format)
    for name, value in place.items():
        yield line(2, name, scalar(value)) + (_PICK if name == "pick" else "")
    for name, guess in proposal.found.settings.items():
        if guess.value is not None and not (name == "header_row" and guess.value == 1):
            yield line(2, name, scalar(guess.value), guess)
    yield from _crs(proposal)
    yield from _geometry(proposal)


def _rows(proposal: Proposal) -> str:
    count = f"{proposal.sample.rows:,} rows"
    return count if proposal.sample.complete else f"guessed from the first {count}"


def _crs(proposal: Proposal) -> Iterator[str]:
    reference = proposal.reference
    if reference is not None:
        yield line(2, "crs", str(reference.value.crs), reference)
        if reference.value.swapped:
            yield line(2, "axis_order", "yx") + "  # the file gives latitude or northing first"
    elif proposal.columns is not None and proposal.columns.value.wkt is not None:
        yield "  # every geometry names its CRS itself"
    else:
        yield line(2, "crs", "28992") + "  # UNSURE: nothing tells in which CRS the coordinates are"


def _geometry(proposal: Proposal) -> Iterator[str]:
    columns = proposal.columns
    if columns is None:
        yield from _no_geometry(proposal)
    elif columns.value.wkt is not None:
        yield line(2, "geometry", f"{{wkt: {scalar(columns.value.wkt)}}}", columns)
    elif columns.value.x is not None:
        yield line(2, "geometry", f"{{x: {scalar(columns.value.x)}, y: {scalar(columns.value.y)}}}", columns)


def _no_geometry(proposal: Proposal) -> Iterator[str]:
    if proposal.found.format not in {"csv", "xlsx", "xml"}:
        return
    some = next(iter(proposal.sample.columns), "geometry")
    yield "  # UNSURE: no column holds coordinates or well-known text. Every row is rejected until you name them:"
    yield "  # geometry: {x: your column of eastings, y: your column of northings}"
    yield line(2, "geometry", f"{{wkt: {scalar(some)}}}")


def _plan(proposal: Proposal) -> Iterator[str]:
    yield "plan:"
    if proposal.local_id is None:
        yield f"  id: {{field: {_NO_FIELD}}}  # UNSURE: no column tells the rows apart; name one, or all are rejected"
    else:
        yield line(2, "id", _field(proposal.local_id.value), proposal.local_id)
    yield from _texts(proposal)
    yield from _initiator(proposal)
    yield from _disciplines(proposal)
    yield from _coded(proposal, "status", proposal.status, "planned")
    yield from _coded(proposal, "certainty", proposal.certainty, "possible")
    yield from _period(proposal)
    yield "  zones: {role: work, accuracy: indicative}"


def _texts(proposal: Proposal) -> Iterator[str]:
    title, description = proposal.title, proposal.description
    if title is not None:
        yield line(2, "title", _text(proposal, title, TITLE_LENGTH, _fallback(proposal)), title)
    elif proposal.local_id is not None:
        template = f'{{template: "Plan {{{proposal.local_id.value}}}"}}'
        yield line(2, "title", template) + "  # UNSURE: no column reads like a title"
    else:
        yield line(2, "title", "Plan") + "  # UNSURE: no column reads like a title"
    if description is not None:
        yield line(2, "description", _text(proposal, description, DESCRIPTION_LENGTH, ""), description)
    elif title is not None and is_cut(proposal.sample.columns[title.value], TITLE_LENGTH):
        yield line(2, "description", _text(proposal, title, DESCRIPTION_LENGTH, "")) + "  # the title in full"


def _text(proposal: Proposal, guess: Guess[str], limit: int, more: str) -> str:
    column = proposal.sample.columns[guess.value]
    cut = ", truncate: true" if is_cut(column, limit) else ""
    return f"{{field: {scalar(guess.value)}{cut}{more}}}"


def _fallback(proposal: Proposal) -> str:
    """Fill a title that is empty in some rows with the id."""
    title = proposal.title
    if title is None or proposal.local_id is None or proposal.sample.columns[title.value].filled >= 1:
        return ""
    return f', default: {{template: "Plan {{{proposal.local_id.value}}}"}}'


def _initiator(proposal: Proposal) -> Iterator[str]:
    owner, organisation = proposal.owner, scalar(proposal.around.organisation.value)
    if owner.value.column is None:
        yield "  initiator:"
        yield line(4, "organisation", organisation)
        yield line(4, "name", organisation) + "  # UNSURE: write the name of your organisation"
        yield line(4, "kind", owner.value.kind, owner)
        return
    column = scalar(owner.value.column)
    yield f"  initiator:  # {owner.remark}"
    yield line(4, "organisation", f"{{field: {column}, slug: true, default: {organisation}}}")
    yield line(4, "name", f"{{field: {column}, default: {organisation}}}")
    yield line(4, "kind", owner.value.kind) + "  # of all of them; other kinds by a column with codes"


def _disciplines(proposal: Proposal) -> Iterator[str]:
    guess = proposal.disciplines
    if guess is None:
        yield "  # disciplines: [road]  # what is worked on: gravity_sewer, drinking_water, gas_low, heat, road …"
        return
    yield from _codes(proposal, "disciplines", guess, "other")


def _coded(proposal: Proposal, name: str, guess: Guess[CodedColumn] | None, default: str) -> Iterator[str]:
    if guess is None:
        yield line(2, name, default) + f"  # UNSURE: no column tells the {name}; every plan gets this"
        return
    yield from _codes(proposal, name, guess, default)


def _codes(proposal: Proposal, name: str, guess: Guess[CodedColumn], default: str) -> Iterator[str]:
    yield f"  {name}:  # {guess.remark}"
    yield line(4, "field", scalar(guess.value.name))
    if proposal.sample.columns[guess.value.name].filled < 1:
        yield line(4, "default", default) + "  # UNSURE: some rows have no value"
    yield "    codes:"
    for source, value in guess.value.codes.items():
        remark = "  # UNSURE: not a known word" if source in guess.value.unknown else ""
        yield line(6, scalar(source), _code(value)) + remark


def _code(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else f"[{', '.join(value)}]"


def _period(proposal: Proposal) -> Iterator[str]:
    period = proposal.period
    if period is None:
        yield "  period:  # UNSURE: no column holds dates, and a plan has a period. Every row is rejected until you"
        yield "    # name them. Areas, such as those of municipalities, are no plans and have no dates."
        yield f"    earliest_start: {{field: {_NO_FIELD}}}"
        yield f"    latest_end: {{field: {_NO_FIELD}}}"
        return
    remark = f"  # {period.remark}" if period.remark else ""
    yield f"  period:{remark}"
    if period.value.start.form.value.is_range:
        yield line(4, "text", _field(period.value.start.name))
        return
    yield line(4, "earliest_start", _date(period.value.start), period.value.start.form)
    yield line(4, "latest_end", _date(period.value.end), period.value.end.form)


def _date(column: DateColumn) -> str:
    formats = column.form.value.formats
    if not formats:
        return _field(column.name)
    texts = [scalar(each) for each in formats]
    form = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return f"{{field: {scalar(column.name)}, date: {form}}}"


def _field(name: str) -> str:
    return f"{{field: {scalar(name)}}}"


def summary(proposal: Proposal) -> Iterator[tuple[str, str, Confidence, str]]:
    """Give each guess in words: what, which, how sure, why."""
    yield "format", proposal.found.format, Confidence.SURE, proposal.found.why
    for name, setting in proposal.found.settings.items():
        if setting.value is not None:
            yield name.replace("_", " "), str(setting.value), setting.confidence, setting.why
    yield _said("geometry", proposal.columns, _place_in_words(proposal))
    reference = proposal.reference
    yield _said("CRS", reference, "" if reference is None else f"EPSG:{reference.value.crs}")
    yield _said("id", proposal.local_id, proposal.local_id.value if proposal.local_id else "")
    yield _said("title", proposal.title, proposal.title.value if proposal.title else "")
    period = proposal.period
    yield _said("period", period, f"{period.value.start.name} to {period.value.end.name}" if period else "")
    for name, coded in (("status", proposal.status), ("certainty", proposal.certainty)):
        yield _said(name, coded, coded.value.name if coded else "")


def _place_in_words(proposal: Proposal) -> str:
    if proposal.columns is None:
        return ""
    return ", ".join(proposal.columns.value.names) or "of its own"


def _said(what: str, guess: Guess[Any] | None, which: str) -> tuple[str, str, Confidence, str]:
    if guess is None:
        return what, "none found", Confidence.UNSURE, "look at the remark in the file"
    other = f" (else {', '.join(guess.alternatives)})" if guess.alternatives else ""
    return what, which, guess.confidence, f"{guess.why}{other}"

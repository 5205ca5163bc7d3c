"""A member of a stream as a row: names without their prefixes, dots for what lies within, one language of several.

What the member refers to is followed within its page: blank nodes and things with an IRI alike, so that
`zone.geometry.asWKT` and `Inname.status.prefLabel` are fields; the IRI itself is `zone`. What refers to the member is
there too, as `^Inname.heeftGevolg`. RDF has no order: values of one field are put in a fixed one, so that nothing looks
changed when a server writes the same statements otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode

from meekoppel_connectors.sources.ldes import terms
from meekoppel_connectors.sources.ldes.cursor import short
from meekoppel_connectors.sources.ldes.moments import moment_of
from meekoppel_connectors.sources.ldes.page import Page, Steps, Subject, Term

DEEPEST = 8
_WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"
_CRS_BEFORE = re.compile(r"\s*(<[^>]*>)?\s*(.*)", re.DOTALL)
_BY_HYPERMEDIA = frozenset({terms.MEMBER, terms.VIEW, terms.RELATION, terms.NODE})

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A version of an object, as the stream gives it.

    Attributes:
        id: its IRI.
        version_of: the IRI of the object.
        time: when this version came about; None when it does not say, or says something that is no time.
        values: its fields.
        fault: what is wrong with it as a whole.
        removed: whether it says that its object is gone.
    """

    id: str
    version_of: str
    time: datetime | None
    values: Fields
    fault: str | None
    removed: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """How members are to be read.

    Attributes:
        timestamp: the way to a member's time.
        version_of: the way to its object.
        deleted: the types that say that an object is gone.
        languages: in which texts are wanted, the first before the second.
    """

    timestamp: Steps
    version_of: Steps
    deleted: frozenset[str]
    languages: Sequence[str]


def members_of(page: Page, reading: Reading) -> list[Member]:
    """Give the members of a page, and what of it could not be read, as members with a fault."""
    subjects = page.members(reading.version_of, reading.timestamp)
    all_of_them = frozenset(subjects)
    found = [_member(page, subject, all_of_them, reading) for subject in subjects]
    lost = page.broken.keys() - {subject.value for subject in subjects}
    return found + [Member(id, id, None, {"@id": id}, page.broken[id], removed=False) for id in sorted(lost)]


def _member(page: Page, subject: Subject, members: frozenset[Subject], reading: Reading) -> Member:
    graph = subject if page.has_graph(subject) else None
    flattener = _Flattener(page, graph, members, reading.languages)
    objects = page.follow(subject, reading.version_of, graph)
    version_of = next((one for one in objects if isinstance(one, NamedNode)), None)
    values = flattener.fields(subject, frozenset({subject}))
    if graph is not None and version_of is not None:
        values = flattener.fields(version_of, frozenset({subject, version_of})) | values
    values |= flattener.incoming(subject)
    id = subject.value if isinstance(subject, NamedNode) else _named_by(values)
    values |= {"@id": id, "@version_of": version_of.value if version_of else id}
    written = [one.value for one in page.follow(subject, reading.timestamp, graph) if isinstance(one, Literal)]
    time = moment_of(written[0]) if written else None
    types = {str(kind.value) for kind in page.about(subject, graph).get(terms.TYPE, []) if isinstance(kind, NamedNode)}
    fault = page.broken.get(subject.value) or _fault(written, time)
    return Member(id, values["@version_of"], time, values, fault, removed=bool(types & reading.deleted))


def _named_by(values: Fields) -> str:
    """Name a member that has no IRI by what it says: the label that a page gives it holds in that page only."""
    return f"_:{short(_key(values))}"


def _fault(written: list[str], time: datetime | None) -> str | None:
    if not written:
        return "has no time, so that its place among the versions is not known; see source.timestamp_path"
    if time is None:
        return f"has the time {written[0]!r}, which is none, so that its place among the versions is not known"
    return None


class _Flattener:
    def __init__(
        self, page: Page, graph: Subject | None, members: frozenset[Subject], languages: Sequence[str]
    ) -> None:
        self._page = page
        self._graph = graph
        self._members = members
        self._languages = languages

    def fields(self, subject: Subject, seen: frozenset[Subject]) -> Fields:
        """Give the fields of a subject, and of what it refers to within the page."""
        values: Fields = {}
        for predicate, objects in sorted(
            self._page.about(subject, self._graph).items(), key=lambda pair: pair[0].value
        ):
            if predicate in _BY_HYPERMEDIA:
                continue
            if predicate == terms.TYPE:
                kinds = sorted(terms.local_name(kind.value) for kind in objects if isinstance(kind, NamedNode))
                _put(values, "@type", kinds)
                continue
            self._put_objects(values, terms.local_name(predicate.value), objects, seen)
        return values

    def incoming(self, subject: Subject) -> Fields:
        """Give what refers to a member, under the name of the reference with `^` before it."""
        values: Fields = {}
        found: dict[str, list[Term]] = {}
        for predicate, source in self._page.pointing_at(subject):
            if predicate not in _BY_HYPERMEDIA and source not in self._members and isinstance(source, NamedNode):
                found.setdefault(f"^{terms.local_name(predicate.value)}", []).append(source)
        for name, sources in sorted(found.items()):
            self._put_objects(values, name, sources, frozenset({subject}))
        return values

    def _put_objects(self, values: Fields, name: str, objects: Sequence[Term], seen: frozenset[Subject]) -> None:
        literals = [one for one in objects if isinstance(one, Literal)]
        _put(values, name, self._texts(literals))
        for inner in sorted(
            (self._within(name, one, seen) for one in objects if not isinstance(one, Literal)), key=_key
        ):
            for field, found in inner.items():
                _put(values, field, found if isinstance(found, list) else [found])

    def _within(self, name: str, subject: NamedNode | BlankNode, seen: frozenset[Subject]) -> Fields:
        if subject in seen:
            return {}
        values: Fields = {} if isinstance(subject, BlankNode) else {name: subject.value}
        if subject in self._members or len(seen) >= DEEPEST:
            return values
        inner = self.fields(subject, seen | {subject})
        return values | {f"{name}.{field}": value for field, value in inner.items()}

    def _texts(self, literals: Sequence[Literal]) -> list[str]:
        """Give the texts: of those with a language the wanted one; geometries of one CRS as one collection."""
        plain = sorted(one.value for one in literals if one.language is None and one.datatype.value != _WKT)
        shapes = sorted(one.value for one in literals if one.datatype.value == _WKT)
        return plain + self._chosen([one for one in literals if one.language]) + _collected(shapes)

    def _chosen(self, literals: list[Literal]) -> list[str]:
        by_language: dict[str, list[str]] = {}
        for one in literals:
            by_language.setdefault(str(one.language).partition("-")[0].casefold(), []).append(one.value)
        for language in (*self._languages, *sorted(by_language)):
            if language.casefold() in by_language:
                return sorted(by_language[language.casefold()])
        return []


def _put(values: Fields, name: str, found: list[Any]) -> None:
    if not found:
        return
    known = values.get(name)
    together = [*(known if isinstance(known, list) else [] if known is None else [known]), *found]
    values[name] = together[0] if len(together) == 1 else together


def _key(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True)


def _collected(shapes: list[str]) -> list[str]:
    """Put several geometries of one CRS into one, since a row has one geometry."""
    if len(shapes) < 2:
        return shapes
    parts = [_CRS_BEFORE.fullmatch(shape) for shape in shapes]
    systems = {part[1] for part in parts if part}
    if len(systems) != 1:
        return shapes
    before = f"{systems.pop() or ''} ".lstrip()
    return [f"{before}GEOMETRYCOLLECTION ({', '.join(part[2].strip() for part in parts if part)})"]

"""One page of a stream: what it says about the stream, to which pages it leads, and what about its members."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, parse

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.ldes import terms
from meekoppel_connectors.sources.ldes.contexts import with_local_contexts
from meekoppel_connectors.sources.ldes.moments import moment_of

Subject = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal
Steps = tuple[str, ...]
"""The predicates of a way through the statements."""

_BY_LINE = frozenset({RdfFormat.N_QUADS, RdfFormat.N_TRIPLES})
_LONGEST_PATH = 8
_SUBJECT = re.compile(rb"\s*<([^>]*)>")


@dataclass(frozen=True, slots=True)
class Link:
    """A way from a page to another.

    Attributes:
        page: the address of the other.
        before: the members there are all of an earlier time than this.
        until: the members there are of this time at the latest.
    """

    page: str
    before: datetime | None = None
    until: datetime | None = None

    def leads_only_to_before(self, time: datetime) -> bool:
        """Tell whether all that is there was there before a time, so that nothing new can be found."""
        return (self.before is not None and self.before <= time) or (self.until is not None and self.until < time)


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream says about itself, in some page; None where it does not.

    Attributes:
        timestamp: the way from a member to its time.
        version_of: the way from a member to the object of which it is a version.
        deleted: the type of members that say that their object is gone.
    """

    timestamp: Steps | None = None
    version_of: Steps | None = None
    deleted: str | None = None


class Page:
    """The statements of a page, found by subject.

    Attributes:
        address: of the page.
        broken: IRI of a subject → why a line about it could not be read.
    """

    def __init__(self, address: str, quads: Iterator[Quad], broken: Mapping[str, str]) -> None:
        self.address = address
        self.broken = dict(broken)
        self._graphs: dict[object, dict[Subject, dict[NamedNode, dict[Term, None]]]] = {}
        self._to: dict[Subject, dict[tuple[NamedNode, Subject], None]] = defaultdict(dict)
        for quad in quads:
            if isinstance(quad.subject, Triple) or isinstance(quad.object, Triple):
                continue  # a statement about a statement, which is nothing of a member's own
            graph = self._graphs.setdefault(quad.graph_name, defaultdict(lambda: defaultdict(dict)))
            graph[quad.subject][quad.predicate][quad.object] = None
            if isinstance(quad.object, (NamedNode, BlankNode)):
                self._to[quad.object][(quad.predicate, quad.subject)] = None

    def about(self, subject: Subject, graph: Subject | None = None) -> dict[NamedNode, list[Term]]:
        """Give what is said about a subject, in the page and in the named graph of a member."""
        found: dict[NamedNode, dict[Term, None]] = defaultdict(dict)
        for name in (DefaultGraph(), graph):
            for predicate, objects in self._graphs.get(name, {}).get(subject, {}).items():
                found[predicate].update(objects)
        return {predicate: list(objects) for predicate, objects in found.items()}

    def pointing_at(self, subject: Subject) -> list[tuple[NamedNode, Subject]]:
        """Give who says something about a subject: predicate and subject."""
        return list(self._to.get(subject, {}))

    def subjects(self) -> Iterator[Subject]:
        """Give everything that the page says something about."""
        for graph in self._graphs.values():
            yield from graph

    def has_graph(self, member: Subject) -> bool:
        """Tell whether what is said about a member stands in a graph of its own."""
        return member in self._graphs

    def objects(self, predicate: NamedNode) -> Iterator[tuple[Subject, Term]]:
        """Give all pairs of one predicate."""
        for graph in self._graphs.values():
            for subject, said in graph.items():
                for found in said.get(predicate, ()):
                    yield subject, found

    def follow(self, start: Subject, path: Steps, graph: Subject | None = None) -> list[Term]:
        """Give what a way leads to, from a subject on."""
        reached: list[Term] = [start]
        for step in path:
            places = [place for place in reached if not isinstance(place, Literal)]
            reached = [found for place in places for found in self.about(place, graph).get(NamedNode(step), [])]
        return reached

    def members(self, version_of: Steps, timestamp: Steps) -> list[Subject]:
        """Give the members that the page names; when it names none, all that have both an object and a time."""
        named = [member for _, member in self.objects(terms.MEMBER) if not isinstance(member, Literal)]
        if not named and not self.links(None):
            subjects = dict.fromkeys(subject for subject in self.subjects() if isinstance(subject, NamedNode))
            named = [one for one in subjects if self.follow(one, version_of) and self.follow(one, timestamp)]
        return sorted(dict.fromkeys(named), key=str)

    def views(self) -> list[str]:
        """Give the addresses of the views of the stream."""
        return sorted({view.value for _, view in self.objects(terms.VIEW) if isinstance(view, NamedNode)})

    def facts(self) -> StreamFacts:
        """Give what the page says about the stream as a whole."""
        deleted = next((found for _, found in self.objects(terms.VERSION_DELETE_OBJECT)), None)
        return StreamFacts(
            timestamp=self._path(terms.TIMESTAMP_PATH),
            version_of=self._path(terms.VERSION_OF_PATH),
            deleted=deleted.value if isinstance(deleted, NamedNode) else None,
        )

    def links(self, timestamp: Steps | None) -> list[Link]:
        """Give the pages to which this one leads, in a fixed order; each once, with what is known of its times."""
        found: dict[str, Link] = {}
        for _, relation in self.objects(terms.RELATION):
            if isinstance(relation, Literal):
                continue
            said = self.about(relation)
            for node in said.get(terms.NODE, []):
                if isinstance(node, NamedNode):
                    link = self._link(node.value, said, timestamp)
                    known = found.get(link.page, link)
                    found[link.page] = Link(link.page, known.before or link.before, known.until or link.until)
        return [found[address] for address in sorted(found)]

    def _link(self, page: str, said: Mapping[NamedNode, list[Term]], timestamp: Steps | None) -> Link:
        paths = [self._as_path(path) for path in said.get(terms.PATH, [])]
        values = [moment_of(value.value) for value in said.get(terms.VALUE, []) if isinstance(value, Literal)]
        if timestamp is None or timestamp not in paths or not values or values[0] is None:
            return Link(page)
        kinds = {kind for kind in said.get(terms.TYPE, []) if isinstance(kind, NamedNode)}
        return Link(
            page,
            before=values[0] if terms.ENDS_BEFORE in kinds else None,
            until=values[0] if kinds & terms.ENDS_AT else None,
        )

    def _path(self, predicate: NamedNode) -> Steps | None:
        return next((self._as_path(path) for _, path in self.objects(predicate)), None)

    def _as_path(self, path: Term) -> Steps:
        """Read a path: one predicate, or a list of them."""
        if isinstance(path, NamedNode):
            return (path.value,)
        steps: list[str] = []
        while isinstance(path, BlankNode) and len(steps) < _LONGEST_PATH:
            said = self.about(path)
            steps += [step.value for step in said.get(terms.FIRST, []) if isinstance(step, NamedNode)]
            path = next(iter(said.get(terms.REST, [])), terms.TYPE)
        return tuple(steps)


def read_page(content: bytes, kind: RdfFormat, address: str, contexts: Mapping[str, Path], place: str) -> Page:
    """Read a page.

    Args:
        content: as it was answered.
        kind: in which form it is written.
        address: from which relative addresses count.
        contexts: local copies of JSON-LD contexts.
        place: the address as it may be shown.

    Raises:
        SourceError: when the page as a whole cannot be read. Of a form in which every line stands for itself, a bad
            line is noted under its subject instead.
    """
    if kind == RdfFormat.JSON_LD:
        content = with_local_contexts(content, contexts, place)
    try:
        # lenient, since publishers write what is not quite right: texts without the language that they announce
        return Page(address, iter(list(parse(content, format=kind, base_iri=address, lenient=True))), {})
    except SyntaxError as error:
        if kind not in _BY_LINE:
            raise SourceError(place, f"is no {kind}, or is damaged: {error.msg}") from error
    quads: list[Quad] = []
    broken: dict[str, str] = {}
    for line in content.splitlines():
        try:
            quads += parse(line, format=kind, lenient=True)
        except SyntaxError as error:
            subject = _SUBJECT.match(line)
            name = subject[1].decode(errors="replace") if subject else place
            broken[name] = f"has a line that is no {kind}: {error.msg}"
    if not quads:
        raise SourceError(place, f"is no {kind}")
    return Page(address, iter(quads), broken)

"""XML files: every element of a given path is a row.

Name spaces do not count, since exports of one system differ in them. Nested elements become `a.b`, attributes `@name`,
and an element that stands several times in a row becomes a list. Entities and anything outside the file are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal
from xml.etree.ElementTree import Element, ParseError
from xml.parsers.expat import ErrorString

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, iterparse
from pydantic import Field

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.records.xml_elements import DEEPEST
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source
from meekoppel_connectors.sources.tables.cells import existing


class XmlSettings(FileSettings):
    """An XML file.

    Attributes:
        record: the element that is one row; `a/b` means a `b` inside an `a`. Name spaces do not count.
        encoding: of a file that does not say it itself.
    """

    has_geometry: ClassVar[bool] = False
    suffixes: ClassVar[tuple[str, ...]] = (".xml",)

    format: Literal["xml"]
    record: str = Field(min_length=1)
    encoding: str | None = None


class RecordFile(Source[XmlSettings]):
    """An XML file whose rows are the elements at a path, such as `ha_planned_works` or `situations/situation`."""

    settings_type = XmlSettings

    def __init__(self, settings: XmlSettings) -> None:
        super().__init__(settings)
        self._path = settings.file
        self._record = tuple(settings.record.strip("/").split("/"))
        self._encoding = settings.encoding

    def describe(self, *, whole: bool = False) -> Description:
        """Tell that there is a file or, with `whole`, the names of all fields that occur in it."""
        if not whole:
            existing(self._path)
            return Description((), fixed=False)
        fields: dict[str, None] = {}
        count = 0
        for row in self.snapshot():
            count += 1
            fields.update(dict.fromkeys(row.values))
        if count == 0:
            raise SourceError(self._path, f"has no element {'/'.join(self._record)}; check source.record")
        return Description(tuple(fields), fixed=False, row_count=count)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read record after record; a record that was read is let go, so that size does not matter."""
        try:
            for number, element in enumerate(self._elements(), start=1):
                yield self._row(number, element)
        except ParseError as error:
            line, column = error.position
            why = ErrorString(error.code)
            raise SourceError(self._path, f"is damaged in line {line}, column {column + 1}: {why}") from error
        except DefusedXmlException as error:
            raise SourceError(self._path, "declares entities, which are unsafe; export it without them") from error
        except (OSError, LookupError, ValueError) as error:
            raise SourceError(self._path, f"cannot be read: {error}") from error

    def _row(self, number: int, element: Element) -> SourceRow:
        values: dict[str, Any] = {}
        try:
            _flatten(element, "", values)
        except ValueError as error:
            return SourceRow(values, number=number, fault=str(error))
        return SourceRow(values, number=number)

    def _elements(self) -> Iterator[Element]:
        parser = DefusedXMLParser(encoding=self._encoding, forbid_dtd=False, forbid_entities=True, forbid_external=True)
        stack: list[Element] = []
        inside = 0
        with existing(self._path).open("rb") as file:
            for event, element in iterparse(file, events=("start", "end"), parser=parser):
                if event == "start":
                    stack.append(element)
                    self._refuse_web_page(stack)
                    inside += inside > 0 or self._is_record(stack)
                    continue
                stack.pop()
                if inside:
                    inside -= 1
                    if inside == 0:
                        yield element
                        _forget(element, stack)

    def _refuse_web_page(self, stack: list[Element]) -> None:
        """A server that fails may answer with a page for people, which would pass for an export without records."""
        if len(stack) == 1 and _local(stack[0].tag).lower() == "html" and self._record[0].lower() != "html":
            raise SourceError(self._path, "is a web page, and no export; look at it in a browser")

    def _is_record(self, stack: list[Element]) -> bool:
        return tuple(_local(element.tag) for element in stack[-len(self._record) :]) == self._record


def _forget(element: Element, stack: list[Element]) -> None:
    element.clear()
    if stack:
        stack[-1].remove(element)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _flatten(element: Element, prefix: str, values: dict[str, Any], depth: int = 0) -> None:
    if depth > DEEPEST:
        raise ValueError(f"holds elements within elements, more than {DEEPEST} deep")
    for name, value in element.attrib.items():
        _put(values, f"{prefix}@{_local(name)}", value)
    for child in element:
        name = f"{prefix}{_local(child.tag)}"
        if len(child) == 0:
            _put(values, name, child.text)
        _flatten(child, f"{name}.", values, depth + 1)


def _put(values: dict[str, Any], name: str, value: str | None) -> None:
    if name not in values:
        values[name] = value
    elif isinstance(values[name], list):
        values[name].append(value)
    else:
        values[name] = [values[name], value]

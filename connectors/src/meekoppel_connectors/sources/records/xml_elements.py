"""Elements of a large XML file one after another, under their bare names, whatever their prefixes stand for.

Feeds are wrapped in envelopes, bound to placeholder addresses, or cut out of a whole so that their prefixes are bound
to nothing. So prefixes are cut off, and names decide. Entities and anything outside the file are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder  # the parser is defusedxml's; this only holds what it found
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from meekoppel_connectors.errors import SourceError

CHUNK_BYTES = 64 * 1024
DEEPEST = 200


class ElementReader:
    """Reads the elements of one name; what was given is let go, so that size does not matter.

    Attributes:
        outside: the bare names of the elements around them, with the value of their attribute `type`, where they have
            one, also bare; in the order in which they were met, each once.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._handler = _Handler(path, name)
        self.outside = self._handler.outside

    def read(self, file: BinaryIO) -> Iterator[Element]:
        """Give the elements; attributes and elements under bare names.

        Raises:
            SourceError: when the file is no XML, is damaged, or declares entities; also half-way.
        """
        parser = DefusedExpatParser(forbid_dtd=False, forbid_entities=True, forbid_external=True)
        parser.setContentHandler(self._handler)
        try:
            while chunk := file.read(CHUNK_BYTES):
                parser.feed(chunk)
                yield from self._handler.take()
            parser.close()
        except SAXParseException as error:
            place = f"line {error.getLineNumber()}, column {(error.getColumnNumber() or 0) + 1}"
            raise SourceError(self._path, f"is no XML, or is damaged, in {place}: {error.getMessage()}") from error
        except DefusedXmlException as error:
            raise SourceError(self._path, "declares entities, which are unsafe; export it without them") from error


class _Handler(ContentHandler):
    def __init__(self, path: Path, name: str) -> None:
        super().__init__()
        self._path = path
        self.outside: dict[str, str] = {}
        self._name = name
        self._depth = 0
        self._builder = TreeBuilder()
        self._done: list[Element] = []

    def take(self) -> list[Element]:
        done, self._done = self._done, []
        return done

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name that SAX gives it
        local = bare(name)
        own = {bare(key): value for key, value in attrs.items() if not key.startswith("xmlns")}
        if self._depth or local == self._name:
            self._depth += 1
            if self._depth > DEEPEST:
                raise SourceError(
                    self._path, f"holds elements within elements, more than {DEEPEST} deep, and is refused"
                )
            self._builder.start(local, own)
        else:
            self.outside.setdefault(local, bare(own.get("type", "")))

    def characters(self, content: str) -> None:
        if self._depth:
            self._builder.data(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - the name that SAX gives it
        if self._depth:
            self._depth -= 1
            self._builder.end(bare(name))
            if self._depth == 0:
                self._done.append(self._builder.close())
                self._builder = TreeBuilder()


def bare(name: str) -> str:
    """Give a name without its prefix."""
    return name.rpartition(":")[2]

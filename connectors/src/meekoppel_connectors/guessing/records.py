"""Guessing what one record is: the outermost element of XML that repeats, or the longest list of objects in JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, iterparse

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.guessing.guess import Confidence, Guess

LOOKED_AT_ELEMENTS = 200_000
_FIELDS = 3


def guess_record(path: Path) -> Guess[str] | None:
    """Guess the element that is one record; None when no element holds fields.

    Raises:
        SourceError: when the file is damaged, or declares entities.
    """
    counts, fields = _counted(path)
    with_fields = [each for each in counts if fields[each] / counts[each] >= _FIELDS]
    repeated = [each for each in with_fields if counts[each] > 1]
    if repeated:
        shallow = min(map(len, repeated))
        at_that_depth = sorted((each for each in repeated if len(each) == shallow), key=lambda each: -counts[each])
        best = at_that_depth[0]
        others = tuple(each[-1] for each in at_that_depth[1:])
        confidence = Confidence.LIKELY if others else Confidence.SURE
        return Guess(best[-1], confidence, f"stands {counts[best]} times in what was looked at", others)
    if with_fields:
        best = min(with_fields, key=len)
        return Guess(best[-1], Confidence.UNSURE, "no element repeats; this one has most fields")
    return None


def guess_list(content: Any) -> Guess[str] | None:
    """Guess the list of a JSON file whose entries are the records; empty when that is the file itself.

    Returns:
        None when no list holds objects.
    """
    lists = dict(_lists(content, ()))
    if not lists:
        return None
    shallow = min(map(len, lists))
    at_that_depth = sorted((path for path in lists if len(path) == shallow), key=lambda path: -lists[path])
    best, *others = ["/".join(path) for path in at_that_depth]
    confidence = Confidence.LIKELY if others else Confidence.SURE
    return Guess(best, confidence, f"a list of {lists[at_that_depth[0]]} entries", tuple(others))


def _lists(content: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(content, list) and any(isinstance(entry, dict) for entry in content):
        yield path, len(content)
    elif isinstance(content, dict):
        for name, value in content.items():
            yield from _lists(value, (*path, name))


def _counted(path: Path) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    """Count the elements by their path, and again by the path of what they stand in."""
    counts: Counter[tuple[str, ...]] = Counter()
    fields: Counter[tuple[str, ...]] = Counter()
    stack: list[Element] = []
    names: list[str] = []
    try:
        parser = DefusedXMLParser(forbid_dtd=False, forbid_entities=True, forbid_external=True)
        with path.open("rb") as file:
            for event, element in iterparse(file, events=("start", "end"), parser=parser):
                if event == "start":
                    stack.append(element)
                    names.append(element.tag.rpartition("}")[2])
                    continue
                counts[tuple(names)] += 1
                fields[tuple(names[:-1])] += 1
                stack.pop()
                names.pop()
                element.clear()
                if counts.total() >= LOOKED_AT_ELEMENTS:
                    break
    except ParseError as error:
        raise SourceError(path, f"is damaged in line {error.position[0]}: {error.msg}") from error
    except DefusedXmlException as error:
        raise SourceError(path, "declares entities, which are unsafe; export it without them") from error
    return counts, fields

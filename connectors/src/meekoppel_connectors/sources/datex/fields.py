"""The fields of DATEX II: elements within elements as `a.b`, attributes `@name`, and one language of several.

An element that stands several times becomes a list, as in any XML.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from meekoppel_connectors.sources.records.xml_elements import bare

LOCATIONS = frozenset({"locationReference", "groupOfLocations"})
_BARE_VALUES = frozenset({"type"})


def fields_of(element: Element, languages: Sequence[str], leave_out: frozenset[str] = LOCATIONS) -> dict[str, Any]:
    """Give the fields of an element; the coordinates are not among them.

    Args:
        element: a situation or a record of one.
        languages: in which a text is wanted, the first before the second; else the one that stands first.
        leave_out: the names of its children that give no fields.
    """
    values: dict[str, Any] = {}
    for name, value in _fields(element, "", languages, leave_out):
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    return values


def merged(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give each field's different values over several records: one as it is, more as a list."""
    found: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            known = found.setdefault(name, [])
            known.extend(one for one in (value if isinstance(value, list) else [value]) if one not in known)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _fields(
    element: Element, prefix: str, languages: Sequence[str], leave_out: frozenset[str]
) -> Iterator[tuple[str, Any]]:
    for name, value in element.attrib.items():
        yield f"{prefix}@{name}", bare(value) if name in _BARE_VALUES else value
    for child in element:
        if child.tag in leave_out:
            continue
        name = f"{prefix}{child.tag}"
        if _is_text_in_languages(child):
            yield name, _chosen(child[0], languages)
            continue
        if len(child) == 0:
            yield name, (child.text or "").strip() or None
        yield from _fields(child, f"{name}.", languages, frozenset())


def _is_text_in_languages(element: Element) -> bool:
    return len(element) == 1 and element[0].tag == "values" and all(value.tag == "value" for value in element[0])


def _chosen(values: Element, languages: Sequence[str]) -> str | None:
    texts = [(value.get("lang", "").casefold(), (value.text or "").strip()) for value in values]
    for language in languages:
        for written, text in texts:
            if text and written.partition("-")[0] == language.casefold():
                return text
    return next((text for _, text in texts if text), None)

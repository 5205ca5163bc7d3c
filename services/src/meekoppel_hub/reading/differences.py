"""What differs between two versions of a plan: field by field, with the old and the new value, and in words. Pure.

Moments are told by the days they moved, places by the metres and square metres, lists by what came and went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from meekoppel_hub.reading.difference_words import Words, words_of_list, words_of_moment, words_of_value, words_of_zone
from meekoppel_hub.reading.measures import measure, moved_m

_DAY = timedelta(days=1)
_NESTED = ("initiator", "contact", "excavation", "period", "cooperation", "shared_with")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs.

    Attributes:
        field: its name in the contract, such as `period.latest_end`, `disciplines` or `zones.1`.
        old: the value before: text, number, truth, list of texts, or measures of a zone; None when there was none.
        new: the value after, likewise.
        words: what happened, in Dutch and in English.
        days: by how many days a moment moved; earlier is negative. None for what is no moment.
    """

    field: str
    old: Any
    new: Any
    words: Words
    days: float | None = None

    def document(self) -> dict[str, Any]:
        """Write it as JSON is written."""
        return {
            "field": self.field,
            "old": self.old,
            "new": self.new,
            "days": self.days,
            "words": {"nl": self.words.nl, "en": self.words.en},
        }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """List what differs between two versions of a plan, in the order of the contract.

    Args:
        before: the plan as plain values, as `StoredPlan.plan` gives it.
        after: the later version.
    """
    return [one for name in after for one in _of_field(name, before.get(name), after[name])]


def _of_field(name: str, old: Any, new: Any) -> Iterator[Difference]:
    if old == new:
        return
    if name == "zones":
        yield from _of_zones(old or [], new)
    elif name in _NESTED:
        keys = dict.fromkeys((*(old or {}), *(new or {})))
        for key in keys:
            yield from _of_value(f"{name}.{key}", (old or {}).get(key), (new or {}).get(key))
    else:
        yield from _of_value(name, old, new)


def _of_value(field: str, old: Any, new: Any) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, list | tuple) or isinstance(new, list | tuple):
        gone, come = _only_in(old or (), new or ()), _only_in(new or (), old or ())
        yield Difference(field, _plain(old or ()), _plain(new or ()), words_of_list(field, gone, come))
    elif isinstance(old, datetime) and isinstance(new, datetime):
        days = round((new - old) / _DAY, 2)
        yield Difference(field, _plain(old), _plain(new), words_of_moment(field, old, new, days), days)
    else:
        yield Difference(field, _plain(old), _plain(new), words_of_value(field, _plain(old), _plain(new)))


def _of_zones(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    """Compare zones by their ids; zones that share an id are compared in their order."""
    before, after = _by_id(old), _by_id(new)
    for key in dict.fromkeys((*before, *after)):
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        was_measured, now_measured = (None if zone is None else _measured(zone) for zone in (was, now))
        moved = moved_m(was["geometry"], now["geometry"]) if was is not None and now is not None else None
        words = words_of_zone(key[0], was_measured, now_measured, moved)
        if now_measured is not None and moved is not None:
            now_measured = {**now_measured, "moved_m": moved}
        yield Difference(f"zones.{key[0]}", was_measured, now_measured, words)


def _by_id(zones: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    found: dict[tuple[str, int], Mapping[str, Any]] = {}
    for zone in zones:
        number = 0
        while (zone["zone_id"], number) in found:
            number += 1
        found[zone["zone_id"], number] = zone
    return found


def _measured(zone: Mapping[str, Any]) -> dict[str, Any]:
    """Give a zone with measures in the place of its geometry."""
    rest = {name: _plain(value) for name, value in zone.items() if name not in ("zone_id", "geometry", "srid")}
    return {**rest, **measure(zone["geometry"])}


def _only_in(some: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [_plain(one) for one in some if one not in others]


def _plain(value: Any) -> Any:
    """Write a value so that JSON can carry it; a record in a list becomes a text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items() if one is not None)
    return value

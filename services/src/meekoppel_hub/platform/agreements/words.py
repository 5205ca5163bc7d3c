"""What two versions of an agreement differ in, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from meekoppel_hub.platform.agreements.rules import Agreement


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an agreement.

    Attributes:
        place: its name, with dots between.
        value: as people read it.
        meaning: what it does.
    """

    place: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting in which two versions differ; `before` or `after` is None where a version does not have it."""

    place: str
    before: str | None
    after: str | None
    meaning: str

    def __str__(self) -> str:
        """Say it in one line."""
        if self.before is None:
            return f"{self.place}: new, {self.after} ({self.meaning})"
        if self.after is None:
            return f"{self.place}: gone, was {self.before} ({self.meaning})"
        return f"{self.place}: {self.before} → {self.after} ({self.meaning})"


def settings_of(agreement: Agreement) -> list[Setting]:
    """List all settings, in the order of the rules; its name and version are not among them."""
    found = [one for one in _settings(agreement, "") if one.place not in ("ruleset", "version")]
    for depth, layer in enumerate(agreement.layers, 1):
        names = ", ".join(discipline.value for discipline in layer)
        found.append(Setting(f"layers.{depth}", names, "the sequence of works, the deepest first"))
    for one, other, fit in agreement.discipline_fit.pairs:
        pair = " with ".join(sorted((one.value, other.value)))
        found.append(Setting(f"discipline_fit.pairs.{pair}", f"{fit:g}", "fit of two disciplines, in either order"))
    return found


def differences(before: Agreement, after: Agreement) -> list[Difference]:
    """List the settings in which two versions differ; name and version are not among them."""
    old = {one.place: one for one in settings_of(before)}
    new = {one.place: one for one in settings_of(after)}
    places = [*old, *(place for place in new if place not in old)]
    return [
        Difference(
            place,
            old[place].value if place in old else None,
            new[place].value if place in new else None,
            (new.get(place) or old[place]).meaning,
        )
        for place in places
        if (old[place].value if place in old else None) != (new[place].value if place in new else None)
    ]


def _settings(model: BaseModel, before: str) -> Iterator[Setting]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        place = f"{before}{name}"
        if isinstance(value, BaseModel):
            yield from _settings(value, f"{place}.")
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            for item in value:
                yield from _settings(item, f"{place}.{item.name}.")
        elif place not in ("layers", "discipline_fit.pairs", "moratoria") and name != "name" and value is not None:
            yield Setting(place, _shown(value), field.description or "")


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_shown(one) for one in value) or "none"
    if isinstance(value, StrEnum):
        return value.value
    return f"{value:g}" if isinstance(value, float) else str(value)

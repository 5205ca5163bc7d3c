"""The library of ready mappings: listing them, recognising the source for which one is made, filling one in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from meekoppel_connectors.errors import Fatal

_FOLDER = files(__package__)
_CATALOGUE = "library.yaml"
_SUFFIX = ".yaml"


@dataclass(frozen=True, slots=True)
class Template:
    """A ready mapping.

    Attributes:
        name: by which it is asked for.
        recognised_by: the settings of the source that must have been found, and under `fields` the columns.
        workbook: an empty workbook that goes with it.
    """

    name: str
    recognised_by: Mapping[str, Any] = field(default_factory=dict)
    workbook: str | None = None

    @property
    def text(self) -> str:
        """The configuration, with its explanation on top."""
        return _FOLDER.joinpath(f"{self.name}.yaml").read_text(encoding="utf-8")

    @property
    def says(self) -> str:
        """What it is for: the first line of its explanation."""
        return self.text.partition("\n")[0].removeprefix("#").strip().removesuffix(".")

    def fits(self, settings: Mapping[str, Any], fields: Collection[str]) -> bool:
        """Tell whether a source is one for which this mapping is made."""
        wanted = dict(self.recognised_by)
        columns = wanted.pop("fields", [])
        if not self.recognised_by:
            return False
        return all(settings.get(name) == value for name, value in wanted.items()) and set(columns) <= set(fields)

    def filled(self, place: Mapping[str, str], settings: Mapping[str, str]) -> str:
        """Give the configuration for a source.

        Args:
            place: the settings of `source` that say where it is; they replace `path` or `url`.
            settings: settings of the connector as a whole, such as `organisation`.

        Raises:
            Fatal: when the template has no line for one of them.
        """
        text = self.text
        if place:
            lines = "\n".join(f"  {name}: {_quoted(value)}" for name, value in place.items())
            text = self._with(text, r"(?m)^  (?:path|url): .*$", lines)
        for name, value in settings.items():
            text = self._with(text, rf"(?m)^{name}: .*$", f"{name}: {_quoted(value)}")
        return text

    def _with(self, text: str, pattern: str, line: str) -> str:
        changed, count = re.subn(pattern, lambda _: line, text, count=1)
        if count != 1:
            raise Fatal(f"The template {self.name} has no line to be replaced by {line.strip()!r}; write it yourself.")
        return changed


def templates() -> tuple[Template, ...]:
    """List the ready mappings: those that can be recognised in the order of the catalogue, then the others by name."""
    known = _catalogue()
    names = sorted(file.name.removesuffix(_SUFFIX) for file in _FOLDER.iterdir() if file.name.endswith(_SUFFIX))
    others = [name for name in names if name not in known and name != _CATALOGUE.removesuffix(_SUFFIX)]
    return tuple(
        Template(name, entry.get("recognised_by", {}), entry.get("workbook"))
        for name, entry in (*known.items(), *((name, {}) for name in others))
    )


def template(name: str) -> Template:
    """Find a ready mapping by its name.

    Raises:
        Fatal: when there is none of that name.
    """
    for each in templates():
        if each.name == name:
            return each
    known = ", ".join(each.name for each in templates())
    raise Fatal(f"There is no template {name!r}; there are {known}.")


def recognise(format: str, settings: Mapping[str, Any], fields: Collection[str]) -> Template | None:
    """Find the ready mapping for a source; the first of the catalogue that fits, None when there is none."""
    found = {"format": format, **settings}
    return next((each for each in templates() if each.fits(found, fields)), None)


@cache
def _catalogue() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(_FOLDER.joinpath(_CATALOGUE).read_text(encoding="utf-8"))
    return content


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w./-]+", value) else f'"{value}"'

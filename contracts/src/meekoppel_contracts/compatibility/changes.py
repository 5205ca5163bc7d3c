"""What may change from one version to another, beyond what Avro can resolve.

Avro resolves more than we allow: it reads text as bytes, forgets that a number is a time, takes a symbol that was
taken away as the fallback, and gives every reader the default of its own version. Each of those changes what an old
event says, and the log is kept for ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meekoppel_contracts.compatibility.schema_nodes import ROOT, named_types
from meekoppel_contracts.compatibility.violations import Violation

_Problem = tuple[str, str, str]
_ABSENT = object()


def changes(subject: str, older: tuple[int, Any], newer: tuple[int, Any]) -> list[Violation]:
    """List the changes that are not allowed between two versions, each given as number and schema.

    A rename without an alias is looked for between neighbours only: a field that goes and another of the same type and
    documentation that comes in the same step.
    """
    (before, old), (after, new) = older, newer
    comparison = _Comparison(named_types(old), named_types(new), after == before + 1, set())
    return [
        Violation(subject, after, path or ROOT, rule, f"{reason} (version {before} to {after})")
        for path, rule, reason in comparison.of_types(old, new, "")
    ]


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two schemas side by side; `seen` holds the pairs of named types that were compared."""

    old_types: dict[str, dict[str, Any]]
    new_types: dict[str, dict[str, Any]]
    neighbours: bool
    seen: set[tuple[str, str]]

    def of_types(self, old: Any, new: Any, path: str) -> Iterator[_Problem]:
        old, new = self._resolved(old, self.old_types), self._resolved(new, self.new_types)
        if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            for branch, other in zip(old, new, strict=True):
                yield from self.of_types(branch, other, path)
        elif _kind(old) != _kind(new):
            yield path, "type_changed", f"changed its type from {_kind(old)} to {_kind(new)}"
        elif _kind(old) in ("record", "enum"):
            yield from self._of_named(old, new, path)
        elif isinstance(old, dict):
            for key in ("items", "values"):
                if key in old:
                    yield from self.of_types(old[key], new[key], path)

    def _of_named(self, old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[_Problem]:
        if old["name"] != new["name"]:
            yield path, "type_renamed", f"{old['type']} {old['name']} became {new['name']}"
        if (old["name"], new["name"]) in self.seen:
            return
        self.seen.add((old["name"], new["name"]))
        yield from (_of_enums if old["type"] == "enum" else self._of_records)(old, new, path)

    def _of_records(self, old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[_Problem]:
        before = {field["name"]: field for field in old["fields"]}
        after = {field["name"]: field for field in new["fields"]}
        for name in [name for name in before if name in after]:
            yield from self._of_fields(before[name], after[name], f"{path}/{name}")
        added = [after[name] for name in after if name not in before]
        for field in added:
            if "default" not in field:
                yield f"{path}/{field['name']}", "new_field_default", "is new and has no default for old events"
        for name in [name for name in before if name not in after]:
            yield from self._of_removal(before[name], added, f"{path}/{name}")

    def _of_fields(self, old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[_Problem]:
        yield from self.of_types(old["type"], new["type"], path)
        was, now = old.get("default", _ABSENT), new.get("default", _ABSENT)
        if was != now or (was is not _ABSENT and json.dumps(was) != json.dumps(now)):
            yield path, "default_changed", f"changed its default from {_shown(was)} to {_shown(now)}"

    def _of_removal(self, old: dict[str, Any], added: list[dict[str, Any]], path: str) -> Iterator[_Problem]:
        if any(old["name"] in field.get("aliases", ()) for field in added):
            return
        if "default" not in old:
            yield path, "removed_field_default", "was taken away and had no default for old readers"
        for field in added if self.neighbours else ():
            if self._same_type(old["type"], field["type"]) and old.get("doc") == field.get("doc"):
                yield path, "rename_without_alias", f"seems to be called {field['name']} now, without an alias"

    def _same_type(self, old: Any, new: Any) -> bool:
        fresh = _Comparison(self.old_types, self.new_types, self.neighbours, set())
        return next(fresh.of_types(old, new, ""), None) is None

    @staticmethod
    def _resolved(node: Any, types: dict[str, dict[str, Any]]) -> Any:
        return types.get(node, node) if isinstance(node, str) else node


def _of_enums(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[_Problem]:
    gone = [symbol for symbol in old["symbols"] if symbol not in new["symbols"]]
    if gone:
        yield path, "symbol_removed", f"enum {new['name']} lost {', '.join(gone)}, which old events hold"
    if old.get("default") != new.get("default"):
        was, now = old.get("default", _ABSENT), new.get("default", _ABSENT)
        yield path, "fallback_changed", f"enum {new['name']} changed its fallback from {_shown(was)} to {_shown(now)}"


def _kind(node: Any) -> str:
    """Say what a type is: the primitive, with its logical type; `optional` for a union."""
    if isinstance(node, list):
        return "a union of " + " and ".join(_kind(branch) for branch in node)
    if isinstance(node, str):
        return node
    logical = node.get("logicalType")
    return f"{node['type']} ({logical})" if logical else str(node["type"])


def _shown(default: Any) -> str:
    return "none" if default is _ABSENT else json.dumps(default)

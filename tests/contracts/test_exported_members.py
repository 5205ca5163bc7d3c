"""Everything public can be imported from `meekoppel_contracts` itself, and nothing else is."""

from __future__ import annotations

import ast
from pathlib import Path

import meekoppel_contracts

BY_THEIR_OWN_NAME = {"testing", "codelists", "cli", "compatibility", "publishing", "documents"}
"""Examples for tests, what reads YAML, and what needs the extra `tools`: not loaded by who only reads events."""

OF_THE_MODULE_ALONE = {"codec": {"Record", "LONGEST_QUOTE"}}


def public_names() -> set[str]:
    found: set[str] = set()
    for source in Path(meekoppel_contracts.__file__).parent.rglob("*.py"):
        inside = source.relative_to(Path(meekoppel_contracts.__file__).parent)
        if source.name != "__init__.py" and inside.parts[0] not in BY_THEIR_OWN_NAME:
            found |= defined(ast.parse(source.read_text("utf-8"))) - OF_THE_MODULE_ALONE.get(source.stem, set())
    return found


def defined(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


def test_everything_public_is_exported() -> None:
    assert set(meekoppel_contracts.__all__) == public_names()


def test_every_exported_name_exists_and_stands_once() -> None:
    assert len(set(meekoppel_contracts.__all__)) == len(meekoppel_contracts.__all__)
    assert [name for name in meekoppel_contracts.__all__ if not hasattr(meekoppel_contracts, name)] == []

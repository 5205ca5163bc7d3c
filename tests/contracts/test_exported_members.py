"""Everything public can be imported from `meekoppel_contracts` itself, and nothing else is."""

from __future__ import annotations

import ast
from importlib.resources import files

import meekoppel_contracts

FOR_TESTS_ONLY = {"testing"}
OF_THE_MODULE_ALONE = {"codec": {"Record", "LONGEST_QUOTE"}}


def public_names() -> set[str]:
    found: set[str] = set()
    for source in files("meekoppel_contracts").iterdir():
        module = source.name.removesuffix(".py")
        if source.name.endswith(".py") and module != "__init__" and module not in FOR_TESTS_ONLY:
            found |= defined(ast.parse(source.read_text("utf-8"))) - OF_THE_MODULE_ALONE.get(module, set())
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

"""Every generated document, by its path in the project."""

from __future__ import annotations

import json
from typing import Any

import yaml

from meekoppel_contracts.documents.asyncapi import asyncapi
from meekoppel_contracts.documents.files import GeneratedFolder
from meekoppel_contracts.documents.json_schemas import json_schemas
from meekoppel_contracts.documents.pages import pages
from meekoppel_contracts.documents.vectors import vectors
from meekoppel_contracts.registry import Registry

_SCHEMAS = "contracts/src/meekoppel_contracts/schemas"
_LINE_WIDTH = 120


def documents(registry: Registry) -> list[GeneratedFolder]:
    """Make everything that is generated from a set of contracts.

    Args:
        registry: the contracts with their own ids, so that what is checked in does not depend on where it was made.
    """
    schemas = {f"{name}.json": _json(schema) for name, schema in json_schemas(registry).items()}
    golden = {f"{subject}.json": _json(vectors(subject, registry)) for subject in registry.subjects()}
    return [
        GeneratedFolder(f"{_SCHEMAS}/json", schemas),
        GeneratedFolder("contracts/vectors", golden, beside=frozenset({"README.md"})),
        GeneratedFolder("docs/contracts", pages(registry)),
        GeneratedFolder(_SCHEMAS, {"asyncapi.yaml": _asyncapi(registry)}, whole=False),
    ]


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _asyncapi(registry: Registry) -> str:
    made = "# Made by `meekoppel-contracts generate`: change the contracts or the table of topics, not this file.\n"
    text = yaml.dump(asyncapi(registry), Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True, width=_LINE_WIDTH)
    return made + text


class _WithoutAliases(yaml.SafeDumper):
    """Writes what occurs twice twice: not every tool follows YAML's anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

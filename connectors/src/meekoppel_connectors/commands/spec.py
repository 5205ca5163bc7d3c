"""`meekoppel-connector spec [FORMAT]`: what a configuration of a format may say, as JSON Schema."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from meekoppel_connectors.commands.asking import console
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import ConnectorError
from meekoppel_connectors.sources.opening import known_formats, source_class

_OWN_BUSINESS = "path"


def spec(
    format: Annotated[
        str | None, typer.Argument(metavar="FORMAT", help="A format, or my_source.py:MySource; all are listed without.")
    ] = None,
) -> None:
    """Print the settings of a format as JSON Schema, which editors and programs understand; or list the formats."""
    if format is None:
        _list_formats()
    else:
        typer.echo(json.dumps(spec_of(format), indent=2, ensure_ascii=False))


def spec_of(format: str) -> dict[str, Any]:
    """Give the JSON Schema of a whole configuration whose source is of this format.

    Raises:
        SourceError: when there is no such format.
    """
    whole = ConnectorConfig.model_json_schema()
    source = source_class(format).settings_type.model_json_schema()
    whole["$defs"] |= source.pop("$defs", {})
    whole["properties"]["source"] = source
    whole["properties"].pop(_OWN_BUSINESS)
    whole["required"].remove(_OWN_BUSINESS)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}


def _list_formats() -> None:
    table = Table("format", "what it reads", "as", title="Formats of a source", title_justify="left")
    for name in known_formats():
        try:
            found = source_class(name)
        except (ConnectorError, ImportError) as error:
            table.add_row(name, f"cannot be loaded: {error}", "")
            continue
        ways = [
            way for way, given in (("snapshot", found.gives_snapshots()), ("changes", found.gives_changes())) if given
        ]
        table.add_row(name, (found.__doc__ or "").strip().splitlines()[0], " and ".join(ways))
    console().print(table)

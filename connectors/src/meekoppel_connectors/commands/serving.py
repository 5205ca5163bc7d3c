"""`meekoppel-connector serve`: take plans that are pushed."""

from __future__ import annotations

import typer

from meekoppel_connectors.commands.asking import ConfigPath
from meekoppel_connectors.config import load_config
from meekoppel_connectors.errors import Fatal


def serve(config: ConfigPath) -> None:
    """Take plans that another system posts, and publish them, until stopped."""
    loaded = load_config(config)
    try:
        from meekoppel_connectors.pushing import serving
    except ModuleNotFoundError as error:
        raise Fatal(
            f"serve needs {error.name}, which is not installed; pip install 'meekoppel-connectors[push]'."
        ) from error
    serving.serve(loaded, ready=lambda address: typer.echo(f"Taking plans at {address}"))

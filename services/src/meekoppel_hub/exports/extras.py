"""The libraries that only some exports need: a hub without them says which, and goes on."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from meekoppel_hub.platform.errors import SettingsError


def needs(module: str) -> Any:
    """Import a library of the extra `export`.

    Raises:
        SettingsError: when it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"this format needs {error.name}, which is not installed here: pip install 'meekoppel-hub[export]'; "
            "csv and geojson need nothing more"
        ) from error

"""Agreements to begin with, each with explanations: files to copy and to change."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

TEMPLATES: Final[Mapping[str, str]] = {
    "national": "the built-in default, with every setting",
    "starting": "a few organisations that begin to share their plans: few messages, long terms",
    "city": "a large city: little room, a director with a mandate, rest after works",
    "region": "a province or region: large distances, yearly programmes, detours kept free",
}
"""The templates by their names, and for whom each is."""


def template_text(name: str) -> str:
    """Give a template as it stands, comments and all.

    Args:
        name: one of `TEMPLATES`.
    """
    folder = files("meekoppel_hub.platform.agreements")
    file = folder / "national.yaml" if name == "national" else folder / "templates" / f"{name}.yaml"
    return file.read_text(encoding="utf-8")

"""Choosing, of the files in a folder, those that are the snapshot."""

from __future__ import annotations

from collections.abc import Mapping

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.places.packed import PACKED_SUFFIXES
from meekoppel_connectors.sources.places.settling import FileVersion
from meekoppel_connectors.sources.settings import FileSettings


def choose_files(settings: FileSettings, found: Mapping[str, FileVersion]) -> dict[str, FileVersion]:
    """Choose those that are the snapshot, by name.

    Args:
        settings: of the source.
        found: all files of the folder or the pattern.

    Raises:
        SourceError: when there are none, or the configuration does not say which to take.
    """
    if not found:
        raise SourceError(
            settings.place,
            "holds no file of this format; when really no plan is left, let the export be a file without rows",
        )
    if settings.pick is None:
        raise SourceError(
            settings.place,
            f"can name several files (now {len(found)}); set source.pick to newest when each is a whole export, or to "
            "all when together they are one",
        )
    newest = max(found, key=lambda name: (found[name][1], name))
    return {name: found[name] for name in sorted(found) if settings.pick == "all" or name == newest}


def is_of_format(name: str, settings: FileSettings) -> bool:
    """Tell by its name whether a file in a folder is one of the format, perhaps packed; hidden files are not ready."""
    endings = tuple(f"{suffix}.gz" for suffix in settings.suffixes) + settings.suffixes
    packed = () if settings.is_archive else PACKED_SUFFIXES[:1]
    return not name.startswith(".") and (not settings.suffixes or name.lower().endswith((*endings, *packed)))

"""Making a first configuration of a source: look at it and guess, or start from the template for its format."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.guessing.addresses import Looked, looked_at
from meekoppel_connectors.guessing.formats import Found
from meekoppel_connectors.guessing.proposal import Proposal, Wishes, propose
from meekoppel_connectors.guessing.sample import take_sample
from meekoppel_connectors.guessing.writing import written
from meekoppel_connectors.sources.opening import source_class
from meekoppel_connectors.sources.places.location import is_remote
from meekoppel_connectors.sources.source import Source
from meekoppel_connectors.templates.library import Template, recognise


@dataclass(frozen=True, slots=True)
class FirstConfiguration:
    """What `init` came to.

    Attributes:
        text: of the configuration file.
        proposal: the guesses.
        template: the template from which it was made; None when it was made from the guesses.
    """

    text: str
    proposal: Proposal
    template: Template | None


def first_configuration(source: str, folder: Path, wishes: Wishes) -> FirstConfiguration:
    """Look at a file or an address and write a configuration for it.

    Args:
        source: the path of a file, or an address.
        folder: in which the configuration will stand; a path in it counts from there.
        wishes: what is known already.

    Raises:
        SourceError: when it is none that can be read, or is damaged.
        SourceAway: when a server does not answer.
    """
    with looked_at(source, _relative(source, folder)) as looked:
        sample = take_sample(_opened(looked))
    found = looked.found
    if not sample.rows:
        raise SourceError(source, f"is {found.format}, and holds no rows; export it again")
    proposal = propose(found, sample, wishes)
    template = recognise(found.format, _settings(found), sample.columns)
    if template is not None:
        return FirstConfiguration(template.filled(looked.place, settings_of(wishes)), proposal, template)
    return FirstConfiguration(written(proposal, looked.place), proposal, None)


def place_of(source: str, folder: Path) -> Mapping[str, str]:
    """Give the setting of `source` that says where it is, without looking there."""
    return {"url" if is_remote(source) else "path": source if is_remote(source) else _relative(source, folder)}


def settings_of(wishes: Wishes) -> Mapping[str, str]:
    """Give the settings that a person named, as they stand in a configuration."""
    named = {
        "organisation": wishes.organisation,
        "hub_crs": wishes.hub_crs,
        "namespace": wishes.namespace,
        "state": wishes.state,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


def _settings(found: Found) -> dict[str, Any]:
    return {name: guess.value for name, guess in found.settings.items()}


def _opened(looked: Looked) -> Source[Any]:
    found = looked.found
    kind = source_class(found.format)
    content = {"format": found.format, **looked.sampled, **_settings(found)}
    if not kind.settings_type.has_geometry:
        content["geometry"] = {"wkt": "to be found"}  # which one is not known yet, and is not asked for here
    try:
        return kind(kind.settings_type.model_validate(content))
    except ValidationError as error:
        place = next(iter(looked.place.values()))
        raise SourceError(place, f"cannot be opened as {found.format}: {error.errors()[0]['msg']}") from error


def _relative(source: str, folder: Path) -> str:
    """Give a path as it is seen from the folder, with `/` on every system."""
    file = Path(source).resolve()
    try:
        return Path(os.path.relpath(file, folder.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return file.as_posix()

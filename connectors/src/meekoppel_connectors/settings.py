"""What all parts of a connector's configuration share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One part of the configuration: frozen, and nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

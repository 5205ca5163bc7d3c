"""Who says it: the CloudEvents source."""

from __future__ import annotations

from typing import Final

from meekoppel_contracts.ids import OrgCode

HUB_SOURCE: Final = "urn:meekoppel:hub"


def organisation_source(organisation: OrgCode, oin: str | None = None) -> str:
    """Name an organisation as the source of an event: by its OIN where there is one, else by its code."""
    return f"urn:nld:oin:{oin}" if oin else f"urn:meekoppel:organisation:{organisation}"

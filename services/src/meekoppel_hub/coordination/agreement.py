"""The rules by which plans meet: see `meekoppel_hub.platform.agreements`."""

from __future__ import annotations

from pathlib import Path

from meekoppel_hub.platform.agreements import (
    Agreement,
    DisciplineFit,
    OpportunityRules,
    SeverityRules,
    Weights,
    national_agreement,
    read_agreement,
)

__all__ = [
    "Agreement",
    "DisciplineFit",
    "OpportunityRules",
    "SeverityRules",
    "Weights",
    "load_agreement",
    "national_agreement",
]


def load_agreement(path: Path | None) -> Agreement:
    """Read an agreement from a file; None gives the built-in default."""
    return national_agreement() if path is None else read_agreement(path).rules

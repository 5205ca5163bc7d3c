"""A broken rule, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that one version breaks, at one place.

    Attributes:
        subject: the contract.
        version: the version that breaks the rule; None when it is the contract as a whole.
        path: where in the schema, as names with slashes between; `/` is the whole.
        rule: which rule, as a short name.
        reason: what is wrong, in words.
    """

    subject: str
    version: int | None
    path: str
    rule: str
    reason: str

    def __str__(self) -> str:
        """Say it on one line, the place first."""
        version = "" if self.version is None else f" v{self.version}"
        return f"{self.subject}{version} {self.path}: {self.reason} [{self.rule}]"

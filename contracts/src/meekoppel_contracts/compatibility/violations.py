"""A broken rule, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that one version breaks, at one place.

    Attributes:
        subject: the contract.
        version: the version that breaks the rule.
        path: where in the schema, as names with slashes between; `/` is the whole.
        rule: which rule, as a short name.
        reason: what is wrong, in words.
    """

    subject: str
    version: int
    path: str
    rule: str
    reason: str

    def __str__(self) -> str:
        """Say it on one line, the place first."""
        return f"{self.subject} v{self.version} {self.path}: {self.reason} [{self.rule}]"

"""What a guess is: a value, how sure, why, and what else it could be."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from meekoppel_connectors.screen import harmless

Value = TypeVar("Value")


class Confidence(StrEnum):
    """How sure a guess is. What is not `sure` is marked in the configuration, for a person to look at."""

    SURE = "sure"
    LIKELY = "likely"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Guess(Generic[Value]):
    """One guess.

    Attributes:
        value: what was guessed.
        confidence: how sure it is.
        why: what speaks for it, or what is missing, in words.
        alternatives: what else it could be, in words, most likely first.
    """

    value: Value
    confidence: Confidence
    why: str
    alternatives: tuple[str, ...] = field(default=())

    @property
    def remark(self) -> str:
        """The remark that stands beside it in the configuration, in one line; empty when it is sure."""
        if self.confidence is Confidence.SURE:
            return ""
        other = f"; else {' or '.join(self.alternatives)}" if self.alternatives else ""
        # it names columns of the source, and a name with an end of line in it would go on as a setting
        return harmless(" ".join(f"{self.confidence.value.upper()}: {self.why}{other}".split()))

"""What is wrong with an agreement, within the hub's tree.

SettingsError
└── AgreementError     the rules cannot be used; the message says where, what and what to do
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meekoppel_hub.platform.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        place: the setting, as names with dots between; empty for the whole file.
        text: what is wrong with it and what to do, in words.
        line: where it stands in the file, from 1; None when that is not known.
    """

    place: str
    text: str
    line: int | None = None

    def __str__(self) -> str:
        """Say it in one line."""
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.place}: {self.text}" if self.place else f"{where}{self.text}"


class AgreementError(SettingsError):
    """An agreement cannot be used.

    Attributes:
        path: the file; None when it came as an event.
        problems: all that is wrong with it; at least one.
    """

    def __init__(self, path: Path | None, problems: Sequence[Problem] | str) -> None:
        self.path = path
        self.problems = (Problem("", problems),) if isinstance(problems, str) else tuple(problems)
        named = f"the agreement {path}" if path else "the agreement"
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{named} cannot be used: {self.problems[0]}{more}")

"""Coordination's errors, within the hub's tree.

SettingsError
└── AgreementError     the rules in a YAML file cannot be used; the message says which and why
"""

from __future__ import annotations

from pathlib import Path

from meekoppel_hub.platform.errors import SettingsError


class AgreementError(SettingsError):
    """An agreement cannot be used.

    Attributes:
        path: the file.
        problem: what is wrong with it, in words.
    """

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"the agreement {path} cannot be used: {problem}")

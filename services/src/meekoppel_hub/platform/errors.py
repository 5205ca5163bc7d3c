"""The hub's errors, named by what the caller should do.

HubError
├── SettingsError      the user must change a setting or install something; the message says what
├── TransientError     try again later: a database or broker is away
├── PoisonRecord       this record can never succeed: set it aside, park its key
├── Fenced             the partition belongs to another worker now: forget the batch
└── Halted             too much is wrong: stop, stay readable
"""

from __future__ import annotations


class HubError(Exception):
    """The hub's own errors."""


class SettingsError(HubError):
    """Something about the set-up is wrong; the message is one sentence that says what to do."""


class TransientError(HubError):
    """Something that is needed is away; the same work can succeed later."""


class PoisonRecord(HubError):
    """A record that can never succeed.

    Attributes:
        reason: a short code, such as `undecodable`.
        detail: what was wrong, in words.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


class Fenced(HubError):
    """The partition was taken over by another worker; nothing of the batch was stored."""


class Halted(HubError):
    """The service stopped itself and waits for an operator."""

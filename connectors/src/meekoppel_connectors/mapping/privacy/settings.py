"""The `privacy:` part of a configuration."""

from __future__ import annotations

from typing import Literal

from meekoppel_connectors.settings import Section


class PrivacySettings(Section):
    """What happens to what looks like a person's own name, mail address or phone number.

    Attributes:
        in_text: in titles, descriptions and notes: `mask` puts a mark in its place, `reject` rejects the row.
        in_contact: in the contact: `omit` leaves that line of the contact out, `reject` rejects the row.
    """

    in_text: Literal["mask", "reject"] = "mask"
    in_contact: Literal["omit", "reject"] = "reject"

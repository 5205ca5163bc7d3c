"""What a connector does when it finds a person: by its settings it masks, leaves out or rejects, and counts."""

from __future__ import annotations

from functools import lru_cache

from meekoppel_connectors.mapping.privacy.masking import IN_WORDS, Personal, masked, personal_in, personal_in_contact
from meekoppel_connectors.mapping.privacy.names import is_whole_name
from meekoppel_connectors.mapping.privacy.settings import PrivacySettings
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_contracts.plan import Contact

_STATE_IT = "give a functional one, or state contact_is_functional: true"


class PersonGuard:
    """Stands between the values of a source and the plan."""

    def __init__(self, settings: PrivacySettings, report: MappingReport, *, functional: bool) -> None:
        """Prepare the guard.

        Args:
            settings: what to do.
            report: counts what was masked or left out.
            functional: whether the organisation states that all mail addresses and phone numbers are an office's.
        """
        self._settings = settings
        self._report = report
        self._functional = functional

    def cleared(self, text: str, field: str, *, maskable: bool = True) -> str:
        """Give a text without anything personal.

        Args:
            text: as the source has it.
            field: the plan field for which it is meant.
            maskable: whether a mark may stand in it; the name of an organisation would be no name any more.

        Raises:
            Unreadable: when there is something, and it is to be rejected.
        """
        result = masked(text, addresses=not self._functional)
        if result == text:
            return text
        if not maskable or self._settings.in_text == "reject":
            _, kind = personal_in(text, addresses=not self._functional)[0]
            raise Unreadable(Reason.PERSONAL_DATA, f"contains {IN_WORDS[kind]}; take it out in the source")
        self._report.masked[field] += 1
        return result

    def cleared_name(self, text: str, field: str, *, maskable: bool = True) -> str:
        """Give what stands in a column of names: a mark when it is a person's name, and nothing else.

        Raises:
            Unreadable: as `cleared`.
        """
        if not is_whole_name(text):
            return text
        if not maskable or self._settings.in_text == "reject":
            raise Unreadable(Reason.PERSONAL_DATA, "is a person's name; map another column")
        self._report.masked[field] += 1
        return Personal.NAME.value

    def cleared_contact(self, contact: Contact) -> Contact | None:
        """Give a contact without anything personal; None when nothing is left.

        Raises:
            Unreadable: when there is something, and it is to be rejected.
        """
        found = () if self._functional else _found_in(contact)
        if not found:
            return contact
        if self._settings.in_contact == "reject":
            field, what = found[0]
            raise Unreadable(Reason.PERSONAL_DATA, f"{field} {what}; {_STATE_IT}")
        for field, _ in found:
            self._report.masked[f"plan.contact.{field}"] += 1
        kept = contact.model_copy(update={field: None for field, _ in found})
        return kept if kept.mailbox or kept.phone or kept.url else None


@lru_cache(maxsize=1024)
def _found_in(contact: Contact) -> tuple[tuple[str, str], ...]:
    return tuple(personal_in_contact(contact))

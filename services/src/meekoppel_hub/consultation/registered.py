"""The organisations whose requests are handled, as they are registered."""

from __future__ import annotations

from sqlalchemy import Connection, select

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.platform.database.tables.organisations import organisations
from meekoppel_hub.platform.organisations import Organisation, organisation_from_row


def load_organisations(connection: Connection, codes: set[OrgCode]) -> dict[OrgCode, Organisation]:
    """Read the registrations of these organisations, as far as they exist."""
    if not codes:
        return {}
    rows = connection.execute(select(organisations).where(organisations.c.code.in_(codes)))
    return {OrgCode(row.code): organisation_from_row(row) for row in rows}

"""Through whose eyes a command looks: the operator's, or those of an organisation."""

from __future__ import annotations

from typing import Annotated

import typer

from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.organisations import load
from meekoppel_hub.reading.access import OPERATOR, Viewer
from meekoppel_hub.reading.collaborations import collaborations_of

For = Annotated[str | None, typer.Option("--for", help="As this organisation sees it; else everything, as operator.")]


def viewer_for(database: Database, organisation: str | None) -> Viewer:
    """Give the viewer.

    Raises:
        SettingsError: when the organisation is not registered.
    """
    if organisation is None:
        return OPERATOR
    code = load(database, organisation).code
    with database.read() as connection:
        return Viewer(code, collaborations=collaborations_of(connection, code, utc_now()))

"""What the view notes about itself in `view_settings`: the scheme its tables follow, and which generation they are."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, inspect, select

from meekoppel_hub.platform.database.tables.view import plans, view_settings
from meekoppel_hub.platform.errors import SettingsError

SCHEME = 2
"""Rises when the tables of the view change in a way that this program cannot read or write the older ones.

1: plan_facts beside plans, the event in both; 2: one narrow row per plan, the event in plan_versions only.
"""

SCHEME_SETTING = "scheme"
GENERATION_SETTING = "generation"
"""Rises when other tables take the place of the view's: whoever keeps something of the view in memory reads it anew."""


def read_setting(connection: Connection, name: str) -> str | None:
    """Give what the view notes under a name; None when it notes nothing."""
    return connection.scalar(select(view_settings.c.value).where(view_settings.c.name == name))


def write_setting(connection: Connection, name: str, value: str | None) -> None:
    """Note something under a name, in the place of what stood there; None takes it away."""
    connection.execute(delete(view_settings).where(view_settings.c.name == name))
    if value is not None:
        connection.execute(insert(view_settings).values(name=name, value=value))


def generation(connection: Connection) -> int:
    """Tell how often other tables took the place of the view's."""
    return int(read_setting(connection, GENERATION_SETTING) or 0)


def scheme(connection: Connection) -> int | None:
    """Tell which scheme the tables of the view follow; None when there are none yet."""
    if not inspect(connection).has_table(plans.name):
        return None
    noted = read_setting(connection, SCHEME_SETTING) if inspect(connection).has_table(view_settings.name) else None
    return int(noted or 1)  # the first scheme did not note itself


def refuse_other_scheme(found: int | None) -> None:
    """Refuse tables that this program cannot work with.

    Raises:
        SettingsError: the message says what to do.
    """
    if found is None or found == SCHEME:
        return
    if found > SCHEME:
        raise SettingsError(
            f"the tables of the view follow scheme {found}; this version of Meekoppel knows up to {SCHEME}: upgrade it"
        )
    raise SettingsError(
        f"the tables of the view follow the older scheme {found}; this version of Meekoppel works with scheme "
        f"{SCHEME}: stop the hub's services and run `meekoppel view rebuild`, which makes the view again from the log "
        "and keeps the old tables until `meekoppel view drop-previous`"
    )

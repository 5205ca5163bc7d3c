"""The view, for commands that look into it or write what operators decide."""

from __future__ import annotations

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.create import open_view
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings


def view_of_hub(settings: HubSettings) -> Database:
    """Open the view of a hub that is there already.

    Raises:
        SettingsError: when there is none, so that a mistyped folder is not taken for an empty hub.
    """
    if not settings.database_url and not (settings.data_folder / "view.db").exists():
        raise SettingsError(
            f"there is no hub in {settings.data_folder.absolute()}: name its folder in MEEKOPPEL_DATA_FOLDER, its "
            "database in MEEKOPPEL_DATABASE_URL, or begin one with `meekoppel organisations add` or `meekoppel up`"
        )
    return open_view(settings)

"""What sources that are services have in common: an address, pages, and how they are reached."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field

from meekoppel_connectors.sources.http.settings import HttpAddress, HttpSettings, without_query
from meekoppel_connectors.sources.settings import SourceSettings


class ServiceSettings(HttpSettings, SourceSettings):
    """A service of features, read in pages.

    Attributes:
        url: its address.
        page_size: how many features are asked for at once.
    """

    url: HttpAddress
    page_size: int = Field(default=1000, gt=0, le=100_000)

    @property
    def place(self) -> str:
        """The address, without its query."""
        return without_query(self.url)

    def in_folder(self, folder: Path) -> Self:
        """Give the same settings with paths of certificates that count from this folder."""
        return self.http_in_folder(folder)

"""Waiting for files that another program may still be writing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from meekoppel_connectors.errors import SourceAway
from meekoppel_connectors.sources.settings import FileSettings

SETTLE_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.5

FileVersion = tuple[int, float]
"""The size of a file in bytes, and when it was modified, in seconds since 1970."""


class Settling:
    """Is shown the files again and again, and tells when they are at rest."""

    def __init__(
        self,
        settings: FileSettings,
        *,
        default_seconds: float = SETTLE_SECONDS,
        clocks_differ_seconds: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Prepare.

        Args:
            settings: of the source.
            default_seconds: how long a file must be at rest when the configuration does not say.
            clocks_differ_seconds: how far the clock of a server may be off.
            now: seconds since 1970.
        """
        self._place = settings.place
        self._rest = default_seconds if settings.settle_seconds is None else settings.settle_seconds
        self._recent = self._rest + clocks_differ_seconds
        self._now = now
        self._begun = now()
        self._seen: Mapping[str, FileVersion] | None = None
        self._since = self._begun

    def at_rest(self, files: Mapping[str, FileVersion]) -> bool:
        """Tell whether the files may be read: modified long ago, or the same for as long as the settings say.

        Raises:
            SourceAway: when they are still not at rest after a minute.
        """
        now = self._now()
        if self._seen is None and all(now - modified >= self._recent for _, modified in files.values()):
            return True
        if files != self._seen:
            self._seen, self._since = dict(files), now
        if now - self._since >= self._rest:
            return True
        if now - self._begun > LONGEST_WAIT_SECONDS + self._rest:
            raise SourceAway(self._place, "is still being written; it is read when it is at rest")
        return False

"""A source with one flaw at a time, by its setting `flaw`: each is a mistake that authors make."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from pydantic import ConfigDict

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.cursor import TieSafe
from meekoppel_connectors.sources.settings import SourceSettings
from meekoppel_connectors.sources.source import Description, Reached, Source


class FlawedSettings(SourceSettings):
    model_config = ConfigDict(frozen=True, extra="allow")

    flaw: str = ""
    path: str
    token_variable: str = "FLAWED_TOKEN"

    @property
    def place(self) -> str:
        token = os.environ.get(self.token_variable, "")
        return f"{self.path}?token={token}" if self.flaw == "shows its secret" else self.path

    def in_folder(self, folder: Any) -> Any:
        return self.model_copy(update={"path": str(folder / self.path)})


class Flawed(Source[FlawedSettings]):
    settings_type = FlawedSettings

    def has(self, flaw: str) -> bool:
        return self.settings.flaw == flaw

    def describe(self, *, whole: bool = False) -> Description:
        names = ("id", "title", "start", "end", "x", "y")
        return Description((*names, "colour") if self.has("describes too much") else names, fixed=True)

    def works(self) -> list[dict[str, Any]]:
        if self.has("needs a secret and does not say which"):
            os.environ[self.settings.token_variable]
        try:
            with Path(self.settings.path).open(encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            if self.has("is empty when it is away"):
                return []
            if self.has("raises what it likes"):
                raise
            raise SourceError(self.settings.place, "there is no such file") from None

    def snapshot(self) -> Iterator[SourceRow]:
        if self.has("cannot be stopped"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        works = self.works()
        if self.has("comes in any order"):
            random.shuffle(works)
        kept = []
        for number, work in enumerate(works, start=1):
            if self.has("skips what is broken") and work["end"] == "no date":
                continue
            if self.has("fails on what is broken") and work["end"] == "no date":
                raise ValueError("no date")
            row = SourceRow(self.values(number, work), self.point(work), number=number)
            kept.append(row)
            if not self.has("holds everything"):
                yield row
                kept.clear()
        yield from kept

    def values(self, number: int, work: dict[str, Any]) -> dict[str, Any]:
        if self.has("invents ids"):
            work["id"] = f"{time.monotonic_ns()}.{work['id']}"
        if self.has("drops leading zeros"):
            work["id"] = int(work["id"])
        if self.has("tells where a row stands"):
            work["title"] += f" ({number})"
        if self.has("tells when it was read"):
            work["title"] += f" ({time.monotonic_ns()})"
        if self.has("is weeks off"):
            work["start"], work["end"] = "2020-01-01", "2020-02-01"
        return work

    def point(self, work: dict[str, Any]) -> shapely.Point:
        x, y = float(work["x"]), float(work["y"])
        if self.has("swaps x and y"):
            x, y = y, x
        return shapely.Point(x + 1000, y) if self.has("is a kilometre off") else shapely.Point(x, y)


class FlawedJournal(Flawed):
    """The same source, told changes: every line is one, with the time at which it was written."""

    snapshot = Source.snapshot

    def changes(self, since: str | None) -> Iterator[SourceRow | Reached]:
        begin = reached = TieSafe.from_cursor(since) if since else TieSafe("", 0)
        page = 4 if self.has("compares times only") else 1000
        for number, work in enumerate(self.works(), start=1):
            position = TieSafe(work.pop("changed"), number)
            removed = work.pop("gone") and not self.has("does not tell removals")
            if self.is_known(position, begin):
                continue
            yield SourceRow(work, self.point(work), number=number, removed=removed)
            reached = position
            if number % page == 0:
                yield Reached(reached.to_cursor())
        yield Reached(reached.to_cursor())

    def is_known(self, position: TieSafe, begin: TieSafe) -> bool:
        if self.has("compares times only"):
            return position.time <= begin.time
        return (position.time, position.id) <= (begin.time, begin.id)

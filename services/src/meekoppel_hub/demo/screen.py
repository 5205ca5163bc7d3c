"""The live screen: what was published, where plans meet, who was told. Plain lines where there is no terminal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from meekoppel_hub.demo import town
from meekoppel_hub.demo.changes import Happening
from meekoppel_hub.demo.organisations import ORGANISATIONS
from meekoppel_hub.demo.receiver import Receiver, Told
from meekoppel_hub.demo.scene import HubCounts, Meeting, Scene, read_counts
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import TransientError

_SECONDS_BETWEEN_LOOKS = 0.5
_LINES_ABOVE = 18  # heading, table and the borders of the two panels
_LINES_OF_A_MEETING = 3
_STYLES = {"heavy conflict": "bold red", "light conflict": "yellow", "opportunity": "green", "warning": "red"}


class Screen:
    """Shows the demonstration.

    Args:
        console: where; a live picture on a terminal, else a line per day.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = console.is_terminal

    def say(self, line: str) -> None:
        """Print one line."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    @asynccontextmanager
    async def showing(self, scene: Scene, receiver: Receiver, database: Database) -> AsyncIterator[None]:
        """Keep the picture up to date while the block runs."""
        if not self.live:
            yield
            return
        with Live(console=self.console, auto_refresh=False, transient=False) as picture:
            watching = asyncio.create_task(_watch(picture, scene, receiver, database))
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            counts = await asyncio.to_thread(read_counts, database)
            picture.update(draw(scene, receiver, counts, self.console.height), refresh=True)

    def day_done(self, scene: Scene) -> None:
        """Say how far it is, where there is no live picture."""
        if not self.live:
            total = sum(scene.published.values())
            self.say(f"{scene.doing}: {sum(scene.happened.values())} changes in town, {total} events published")


async def _watch(picture: Live, scene: Scene, receiver: Receiver, database: Database) -> None:
    counts = HubCounts()
    while True:
        with contextlib.suppress(TransientError):  # busy: the picture keeps the last counts, the next look is soon
            counts = await asyncio.to_thread(read_counts, database)
        picture.update(draw(scene, receiver, counts, picture.console.height), refresh=True)
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


def draw(scene: Scene, receiver: Receiver, counts: HubCounts, height: int) -> RenderableType:
    """Draw the whole picture, so that it fits a terminal of so many lines."""
    left = max(4, height - _LINES_ABOVE - 2)
    meetings = counts.latest[: max(1, left * 2 // 3 // _LINES_OF_A_MEETING)]
    told = list(receiver.latest)[: max(1, left - len(meetings) * _LINES_OF_A_MEETING)]
    return Group(
        _heading(scene, counts),
        _organisations(scene, receiver),
        Panel(_meetings(meetings), title="Where plans meet", title_align="left"),
        Panel(_told(told), title="Who was told", title_align="left"),
    )


def _heading(scene: Scene, counts: HubCounts) -> Text:
    meeting = ", ".join(f"{count} × {kind}" for kind, count in counts.open_overlaps) or "none yet"
    happened = ", ".join(f"{scene.happened[what]} {what.value.replace('_', ' ')}" for what in Happening)
    return Text.assemble(
        (f"{town.NAME}  ", "bold"),
        (scene.doing, "bold cyan"),
        f"\nIn town this month: {happened}",
        f"\nHub: {counts.plans} plans in {counts.versions} versions; they meet: {meeting}; "
        f"{counts.delivered} notifications delivered, {counts.waiting} waiting",
        no_wrap=True,
        overflow="ellipsis",
    )


def _organisations(scene: Scene, receiver: Receiver) -> Table:
    table = Table(expand=True)
    table.add_column("Organisation")
    table.add_column("Exports")
    for name in ("Published", "Rows rejected", "Told"):
        table.add_column(name, justify="right")
    for one in ORGANISATIONS:
        counted = (scene.published[one.code], scene.rejected[one.code], receiver.told[one.code])
        table.add_row(one.name, one.file_name, *(str(count) for count in counted))
    return table


def _meetings(meetings: Sequence[Meeting]) -> Text:
    lines = Text(no_wrap=True, overflow="ellipsis")
    for number, meeting in enumerate(meetings):
        lines.append("\n" if number else "")
        lines.append(meeting.kind if meeting.open else f"{meeting.kind}, no longer", _STYLES.get(meeting.kind, ""))
        lines.append(f"  {meeting.who}\n  {meeting.what}\n")
        lines.append(f"  {meeting.why}", "dim")
    return lines


def _told(newest: Sequence[Told]) -> Text:
    lines = Text(no_wrap=True, overflow="ellipsis")
    for number, told in enumerate(newest):
        lines.append("\n" if number else "")
        lines.append(f"{told.organisation} ", "bold")
        lines.append(f"[{told.category}] ", _STYLES.get(told.category, "cyan"))
        lines.append(told.text)
    return lines

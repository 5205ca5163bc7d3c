"""The two edges of the runner, replaced for a test: the source that it opens, and the place to which it publishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from meekoppel_connectors import run
from meekoppel_connectors.config import KafkaConfig
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.operating import heartbeat
from meekoppel_connectors.outbox import Outbox
from meekoppel_connectors.publish import Patience
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.sources.settings import SourceSettings
from meekoppel_connectors.sources.source import Reached, Source
from meekoppel_connectors.testing.inbox_file import InboxFile
from meekoppel_contracts.ids import OrgCode

RowSeen = Callable[[int], None]
"""Is told how many rows the source has given, before the last of them is passed on."""


@contextmanager
def publishing_to(inbox: InboxFile, delivered: Callable[[int], None] = lambda _count: None) -> Iterator[None]:
    """Let runs inside the block publish to a file instead of Kafka.

    Args:
        inbox: the file.
        delivered: is told how many records of one publishing are safe, before they are acknowledged.
    """

    def publish(
        _kafka: KafkaConfig,
        _organisation: OrgCode,
        outbox: Outbox,
        *,
        patience: Patience,
        published: Callable[[int], None] = lambda _count: None,
    ) -> int:
        count = inbox.take(outbox, delivered)
        if count:
            published(count)
        return count

    def tell(
        _kafka: KafkaConfig, _topic: str, _key: bytes, value: bytes, _headers: Sequence[tuple[str, bytes]]
    ) -> None:
        inbox.take_heartbeat(value)

    with patch.object(run, "publish_outbox", publish), patch.object(heartbeat, "publish_one", tell):
        yield


@contextmanager
def watching_rows(seen: RowSeen) -> Iterator[None]:
    """Let runs inside the block tell of every row that the source gives; what `seen` raises, the source raises."""

    def open_and_watch(settings: SourceSettings, folder: Path | None = None) -> Source[Any]:
        source = open_source(settings, folder)
        snapshot, changes = source.snapshot, source.changes
        # On the instance: whether it gives snapshots or changes is asked of its class.
        vars(source)["snapshot"] = lambda: _watched(snapshot(), seen)
        vars(source)["changes"] = lambda since: _watched(changes(since), seen)
        return source

    with patch.object(run, "open_source", open_and_watch):
        yield


def _watched(items: Iterator[Any], seen: RowSeen) -> Iterator[SourceRow | Reached]:
    count = 0
    for item in items:
        if isinstance(item, SourceRow):
            count += 1
            seen(count)
        yield item

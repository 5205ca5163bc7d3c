"""Choosing the reader of a configured source."""

from __future__ import annotations

from meekoppel_connectors.config import SourceConfig
from meekoppel_connectors.sources.delimited import DelimitedFile
from meekoppel_connectors.sources.records import RecordFile
from meekoppel_connectors.sources.source import Source
from meekoppel_connectors.sources.vector import VectorFile
from meekoppel_connectors.sources.workbook import Workbook


def open_source(config: SourceConfig) -> Source:
    """Give the source that a configuration describes; nothing is opened before it is asked for something."""
    match config.format:
        case "csv":
            return DelimitedFile(config.path, config.delimiter, config.encoding, config.header_row)
        case "xlsx":
            return Workbook(config.path, config.sheet, config.header_row)
        case "xml":
            return RecordFile(config.path, config.record or "", config.encoding)
        case _:
            return VectorFile(config.path, config.format, config.layer, config.encoding)

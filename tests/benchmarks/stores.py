"""The two stores, each with a folder of its own that goes afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meekoppel_hub.platform.postgres import start_postgres

STORES = ("sqlite", "postgis")


@contextmanager
def passing_store(name: str) -> Iterator[tuple[Path, str]]:
    """Give a folder and the URL of the view's database; empty for SQLite in the folder."""
    folder = Path(tempfile.mkdtemp(prefix="meekoppel-bench-"))
    folder.chmod(0o755)
    try:
        if name == "sqlite":
            yield folder, ""
        else:
            with start_postgres(folder) as server:
                yield folder, server.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)

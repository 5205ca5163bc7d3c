from __future__ import annotations

import io
from pathlib import Path

import pytest

from meekoppel_hub.history.output import FileOutput, StreamOutput
from meekoppel_hub.platform.errors import SettingsError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_whole_at_the_end(tmp_path: Path) -> None:
    with FileOutput(tmp_path / "out.jsonl") as output:
        output.event(b"one")
        assert "out.jsonl" not in names(tmp_path)
        output.event(b"two")
    assert (tmp_path / "out.jsonl").read_bytes() == b"one\ntwo\n"
    assert names(tmp_path) == ["out.jsonl"]


def test_what_is_no_event_goes_beside_the_file(tmp_path: Path) -> None:
    with FileOutput(tmp_path / "out.jsonl") as output:
        output.event(b"one")
        output.unreadable(b"bad")
    assert (tmp_path / "out.jsonl.rejected").read_bytes() == b"bad\n"
    assert (tmp_path / "out.jsonl").read_bytes() == b"one\n"


def test_a_replay_that_fails_leaves_the_earlier_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_bytes(b"earlier\n")
    output = FileOutput(tmp_path / "out.jsonl")

    def fail() -> None:
        with output:
            output.event(b"one")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == ["out.jsonl"]
    assert (tmp_path / "out.jsonl").read_bytes() == b"earlier\n"


def test_the_rejected_records_of_an_earlier_replay_do_not_stay(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl.rejected").write_bytes(b"earlier\n")
    with FileOutput(tmp_path / "out.jsonl"):
        pass
    assert names(tmp_path) == ["out.jsonl"]


def test_a_folder_that_does_not_exist_is_said_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="give another --out"), FileOutput(tmp_path / "none" / "out.jsonl"):
        pass


def test_a_stream_takes_both_in_order() -> None:
    stream = io.BytesIO()
    output = StreamOutput(stream)
    output.event(b"one")
    output.unreadable(b"bad")
    output.event(b"two")
    assert stream.getvalue() == b"one\nbad\ntwo\n"

"""Where a replay is written: a file that appears only when it is whole, or a stream."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from meekoppel_hub.platform.errors import SettingsError


class Output(Protocol):
    """Takes the lines of a replay."""

    def event(self, line: bytes) -> None:
        """Write an event."""
        ...

    def unreadable(self, line: bytes) -> None:
        """Write a record that is no event."""
        ...


class StreamOutput:
    """Writes everything to one stream; records that are no events stand between the events."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def event(self, line: bytes) -> None:
        """Write an event."""
        self._stream.write(line + b"\n")

    def unreadable(self, line: bytes) -> None:
        """Write a record that is no event."""
        self._stream.write(line + b"\n")


class FileOutput:
    """Writes events to a file, and records that are no events beside it, to the same name with `.rejected`.

    Use as a context. Both files appear, whole, when the context ends without an error; else nothing is left. A
    `.rejected` file of an earlier replay goes when there is nothing to put in it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rejected_path = path.with_name(path.name + ".rejected")
        self._open = ExitStack()
        self._rejected_lines = 0

    def __enter__(self) -> Self:
        """Open temporary files in the folder of the file.

        Raises:
            SettingsError: when the folder cannot be written.
        """
        try:
            self._events = self._temporary()
            self._rejected = self._temporary()
        except OSError as error:
            self._open.close()
            raise SettingsError(f"{self._path} cannot be written: {error.strerror}; give another --out") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._open:
            if kind is not None:
                return
            if self._rejected_lines:
                _put(self._rejected, self._rejected_path)
            else:
                self._rejected_path.unlink(missing_ok=True)
            _put(self._events, self._path)

    def event(self, line: bytes) -> None:
        """Write an event."""
        self._events.write(line + b"\n")

    def unreadable(self, line: bytes) -> None:
        """Write a record that is no event."""
        self._rejected_lines += 1
        self._rejected.write(line + b"\n")

    def _temporary(self) -> BinaryIO:
        folder = self._path.absolute().parent
        name = folder / f".{self._path.name}.{uuid.uuid4().hex[:12]}"
        file = name.open("xb")
        self._open.callback(name.unlink, missing_ok=True)
        return self._open.enter_context(file)


def _put(file: BinaryIO, path: Path) -> None:
    """Give a temporary file its name, after its bytes are on the disk."""
    file.flush()
    os.fsync(file.fileno())
    Path(file.name).replace(path)

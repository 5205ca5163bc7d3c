"""Generated documents on disk: writing them, and telling whether what is there is stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GeneratedFolder:
    """A folder with generated files.

    Attributes:
        path: relative to the project.
        files: the text of each file, by its name.
        whole: whether nothing else may lie in it.
        beside: files that people wrote, which may.
    """

    path: str
    files: Mapping[str, str]
    whole: bool = True
    beside: frozenset[str] = frozenset()

    def left_over(self, root: Path) -> list[Path]:
        """List files that are no longer generated."""
        folder = root / self.path
        if not self.whole or not folder.is_dir():
            return []
        return sorted(file for file in folder.iterdir() if file.name not in {*self.files, *self.beside})


def stale(folders: Iterable[GeneratedFolder], root: Path) -> list[str]:
    """List, relative to the project, the files that are missing, differ, or should not be there."""
    found: list[str] = []
    for folder in folders:
        for name, text in folder.files.items():
            file = root / folder.path / name
            if not file.is_file() or file.read_text("utf-8") != text:
                found.append(f"{folder.path}/{name}")
        found += [f"{folder.path}/{file.name}" for file in folder.left_over(root)]
    return found


def write(folders: Iterable[GeneratedFolder], root: Path) -> list[str]:
    """Write what is stale and take away what is no longer generated; gives what changed, relative to the project."""
    folders = list(folders)
    changed = stale(folders, root)
    for folder in folders:
        (root / folder.path).mkdir(parents=True, exist_ok=True)
        for file in folder.left_over(root):
            file.unlink()
        for name, text in folder.files.items():
            if f"{folder.path}/{name}" in changed:
                (root / folder.path / name).write_text(text, encoding="utf-8")
    return changed

from __future__ import annotations

from pathlib import Path

import pytest

from meekoppel_connectors.config_file import read_yaml
from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.writing import line, scalar

NAMES = [
    "titel\nkafka: {bootstrap: evil}",
    "a\u2028b: c",
    "a\u0085b",
    "x # y",
    "no",
    "\x1b[2J",
    "{a}",
    '"',
    "é: ü",
    "0123",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_a_source_never_becomes_a_setting_of_its_own(tmp_path: Path, name: str) -> None:
    guess = Guess(name, Confidence.UNSURE, f"named {name}", (name,))
    path = tmp_path / "plans.yaml"
    path.write_text(line(0, "title", scalar(name), guess) + "\n", encoding="utf-8")
    assert read_yaml(path) == {"title": name}

"""The command `meekoppel-contracts`, and that whoever only reads events need not install what it needs."""

from __future__ import annotations

import json
import subprocess
import sys

from typer.testing import CliRunner

from meekoppel_contracts.cli.main import app

TOOLS = ("typer", "rich", "avro", "httpx")
WITHOUT_THE_EXTRA = f"""
import sys
sys.modules.update(dict.fromkeys({TOOLS!r}))  # None there makes an import fail as if it were not installed
from meekoppel_contracts.cli import main
main()
"""


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)


def test_the_published_contracts_pass() -> None:
    answer = CliRunner().invoke(app, ["check", "--json"])

    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["violations"] == []


def test_reading_events_needs_none_of_the_tools() -> None:
    program = "import sys, meekoppel_contracts, meekoppel_contracts.testing; print(*sys.modules)"

    loaded = {name.split(".")[0] for name in python(program).stdout.split()}

    assert "fastavro" in loaded
    assert loaded.isdisjoint({*TOOLS, "yaml"})


def test_without_the_extra_the_command_says_in_one_sentence_how_to_install_it() -> None:
    answer = python(WITHOUT_THE_EXTRA)

    assert answer.returncode == 1
    assert answer.stderr.splitlines() == ["meekoppel-contracts needs typer: pip install 'meekoppel-contracts[tools]'"]

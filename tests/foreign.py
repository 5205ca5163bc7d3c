"""Programs that we did not write and that read what we write: Node's packages, kcat, Avro's C tools, Apicurio Registry.

`make test` installs them where that can be done (deploy/install-*.sh, `python -m tests.apicurio`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import apicurio
from tests.parts import give_up
from tests.passing import passing_folder

NODE_FOLDER = Path(__file__).parent / "node"
_AT_MOST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Node:
    """Runs the programs in tests/node."""

    executable: str

    def run(self, program: str, *arguments: object) -> Any:
        """Run one program and give the JSON that it printed; a failure is shown with what it said."""
        command = [self.executable, str(NODE_FOLDER / program), *(str(one) for one in arguments)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_AT_MOST_SECONDS, check=False)
        assert ended.returncode == 0, f"{program} ended with {ended.returncode}: {ended.stderr[-3000:]}"
        return json.loads(ended.stdout)


@pytest.fixture(scope="session")
def node() -> Node:
    """Node with the packages that tests/node/package-lock.json names."""
    executable = shutil.which("node")
    if executable is None:
        give_up("Node", "there is no node on the PATH; run deploy/install-node.sh, or install Node 18 or newer and npm")
    wanted = json.loads((NODE_FOLDER / "package-lock.json").read_text("utf-8"))["packages"]
    installed = NODE_FOLDER / "node_modules" / ".package-lock.json"
    if not installed.is_file():
        give_up("Node", f"its packages are not installed; run `npm ci` in {NODE_FOLDER}")
    for name, package in json.loads(installed.read_text("utf-8"))["packages"].items():
        assert package["version"] == wanted[name]["version"], f"{name} is out of date: run `npm ci` in {NODE_FOLDER}"
    return Node(executable)


@pytest.fixture(scope="session")
def kcat() -> str:
    """The kcat program."""
    return shutil.which("kcat") or give_up("kcat", "it is not installed; run deploy/install-kcat.sh")


@pytest.fixture(scope="session")
def avrocat() -> str:
    """The program of Avro's C library that prints a container file: the library with which kcat reads Avro."""
    return shutil.which("avrocat") or give_up("kcat", "avrocat (avro-bin) is missing; run deploy/install-kcat.sh")


@pytest.fixture(scope="session")
def apicurio_url() -> Iterator[str]:
    """The Confluent interface of a real Apicurio Registry that tests share: each takes names of its own."""
    yield from _running_apicurio()


@pytest.fixture
def empty_apicurio_url() -> Iterator[str]:
    """The Confluent interface of a real Apicurio Registry that holds nothing, for one test."""
    yield from _running_apicurio()


def _running_apicurio() -> Iterator[str]:
    with passing_folder() as folder:
        try:
            server = apicurio.start(folder)
        except apicurio.NotAvailable as error:
            give_up("Apicurio Registry", str(error))
        with server:
            yield server.url

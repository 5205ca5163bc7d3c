from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from pydantic import ValidationError

from meekoppel_connectors.errors import Fatal, SourceAway, SourceError
from meekoppel_connectors.sources.opening import open_source, source_class
from tests.connectors.sftp_server import PASSWORD, USER, Served, sftp_server


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sftp")
    (folder / "out").mkdir()
    for age, name in enumerate(("b.csv", "a.csv", "other.txt"), start=1):
        (folder / "out" / name).write_text(f"nr\n{name}\n")
        os.utime(folder / "out" / name, (time.time() - age * 3600,) * 2)
    (folder / "empty").mkdir()
    return folder


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Served]:
    with sftp_server(root) as served:
        yield served


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)


def numbers(address: str, **options: Any) -> list[str]:
    login = options.pop("sftp", {}) | ({} if "key_file" in options else {"password_variable": "SFTP_PASSWORD"})
    if "key_file" in options:
        login["key_file"] = options.pop("key_file")
    written = {"format": "csv", "path": address, "geometry": {"wkt": "g"}, "sftp": login, **options}
    source = open_source(source_class("csv").settings_type.model_validate(written))
    source.describe()
    return [row.values["nr"] for row in source.snapshot()]


def test_files_of_a_drop_folder_are_one_snapshot(server: Served, root: Path) -> None:
    before = sorted((path.name, path.stat().st_mtime) for path in (root / "out").iterdir())
    found = numbers(server.address("/out/*.csv"), pick="all", sftp={"fingerprint": server.fingerprint})
    assert found == ["a.csv", "b.csv"]
    assert sorted((path.name, path.stat().st_mtime) for path in (root / "out").iterdir()) == before


def test_the_newest_file_is_taken_when_each_is_a_whole_export(server: Served) -> None:
    found = numbers(server.address("/out/*.csv"), pick="newest", sftp={"fingerprint": server.fingerprint})
    assert found == ["b.csv"]


def test_a_server_is_recognised_by_known_hosts_and_the_connector_by_its_key(server: Served, tmp_path: Path) -> None:
    key = tmp_path / "key"
    server.client_key.write_private_key(str(key))
    login = {"known_hosts": server.known_hosts(tmp_path / "known_hosts")}
    assert numbers(server.address("/out/a.csv"), sftp=login, key_file=key) == ["a.csv"]


def test_a_server_with_another_key_gets_no_password(server: Served, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(SourceError, match=r"is not the server that source\.sftp\.known_hosts or"):
        numbers(server.address("/out/a.csv"), sftp={"fingerprint": other.get_fingerprint("sha256")})
    (tmp_path / "known_hosts").write_text("")
    with pytest.raises(SourceError, match="is not the server"):
        numbers(server.address("/out/a.csv"), sftp={"known_hosts": tmp_path / "known_hosts"})


def test_a_wrong_password_is_said_and_not_shown(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFTP_PASSWORD", "wrong-password")
    with pytest.raises(SourceError, match=f"refuses the login of {USER}") as caught:
        numbers(server.address("/out/a.csv"), sftp={"fingerprint": server.fingerprint})
    assert "wrong-password" not in str(caught.value)


def test_a_password_that_is_not_set_is_named(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SFTP_PASSWORD")
    with pytest.raises(Fatal, match="environment variable SFTP_PASSWORD"):
        numbers(server.address("/out/a.csv"), sftp={"fingerprint": server.fingerprint})


def test_a_path_that_is_not_there_is_said(server: Served) -> None:
    with pytest.raises(SourceError, match=r"/out/none\.csv: cannot be fetched: No such file"):
        numbers(server.address("/out/none.csv"), sftp={"fingerprint": server.fingerprint})
    with pytest.raises(SourceError, match="holds no file"):
        numbers(server.address("/empty/*.csv"), pick="all", sftp={"fingerprint": server.fingerprint})


def test_a_file_above_the_limit_is_not_fetched(server: Served, root: Path) -> None:
    (root / "large.csv").write_bytes(b"nr\n" + bytes(2_000_000))
    with pytest.raises(SourceError, match="has more than 1 MB"):
        numbers(server.address("/large.csv"), limit_mb=1, settle_seconds=0, sftp={"fingerprint": server.fingerprint})


def test_a_server_that_is_not_there_may_be_there_later(tmp_path: Path) -> None:
    with sftp_server(tmp_path) as gone:
        pass
    with pytest.raises(SourceAway, match="cannot be reached"):
        numbers(gone.address("/a.csv"), sftp={"fingerprint": gone.fingerprint})


@pytest.mark.parametrize(
    ("login", "problem"),
    [
        ({"password_variable": "A"}, "needs known_hosts or fingerprint"),
        ({"fingerprint": "SHA256:" + "a" * 43}, "needs password_variable or key_file"),
    ],
)
def test_both_sides_must_be_known(login: dict[str, str], problem: str) -> None:
    written = {"format": "csv", "path": "sftp://a@b/c.csv", "geometry": {"wkt": "g"}, "sftp": login}
    with pytest.raises(ValidationError, match=problem):
        source_class("csv").settings_type.model_validate(written)

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import insert, select, update
from typer.testing import CliRunner

from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.cli.organisations import app
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.tables.intake import intake_counts
from meekoppel_hub.platform.database.tables.organisations import organisations
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.organisations import (
    authenticate,
    load,
    load_all,
    register_organisation,
    renew_token,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MUNICIPALITY = OrganisationKind.MUNICIPALITY


def register(database: Database, code: str = "gm0361", **options) -> str:
    return register_organisation(database, code, "Alkmaar", MUNICIPALITY, clock=lambda: NOW, **options)


def test_an_organisation_is_known_by_the_token_it_was_given(database: Database) -> None:
    token = register(database, oin="0" * 20, kvk="1" * 8, may_publish_for=["pwn", "liander"])
    organisation = authenticate(database, token)
    assert organisation is not None
    assert (organisation.code, organisation.name, organisation.kind) == ("gm0361", "Alkmaar", MUNICIPALITY)
    assert (organisation.oin, organisation.kvk) == ("0" * 20, "1" * 8)
    assert organisation.may_publish_for == {"pwn", "liander"}
    assert (organisation.created_at, organisation.active) == (NOW, True)


def test_a_wrong_token_is_nobodys(database: Database) -> None:
    token = register(database)
    assert [authenticate(database, wrong) for wrong in ("", "mk_", token[:-1], token + "x")] == [None] * 4


def test_the_token_itself_is_not_kept(database: Database) -> None:
    token = register(database)
    with database.read() as connection:
        (row,) = connection.execute(select(organisations)).all()
    assert not any(token in str(value) for value in row)


def test_an_organisation_that_is_no_longer_active_is_not_let_in(database: Database) -> None:
    token = register(database)
    with database.begin() as connection:
        connection.execute(update(organisations).values(active=False))
    assert authenticate(database, token) is None


def test_a_new_token_ends_the_old_one(database: Database) -> None:
    old = register(database)
    new = renew_token(database, "gm0361")
    assert authenticate(database, old) is None
    assert authenticate(database, new) == load(database, "gm0361")


def test_every_token_is_another(database: Database) -> None:
    tokens = {register(database, code) for code in ("a", "b", "c")}
    assert len(tokens) == 3


def test_all_organisations_come_in_order_of_their_code(database: Database) -> None:
    for code in ("pwn", "gm0361", "liander"):
        register(database, code)
    assert [organisation.code for organisation in load_all(database)] == ["gm0361", "liander", "pwn"]


def test_a_code_is_given_once(database: Database) -> None:
    register(database)
    with pytest.raises(SettingsError, match="gm0361 is registered already"):
        register(database)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"code": "GM 0361"}, "organisation code"),
        ({"oin": "123"}, "no OIN"),
        ({"oin": "²" * 20}, "no OIN"),
        ({"kvk": "1234567x"}, "no KvK number"),
        ({"may_publish_for": ["Not A Code"]}, "organisation code"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_nothing_is_stored(options: dict, why: str, database: Database) -> None:
    with pytest.raises(SettingsError, match=why):
        register(database, **options)
    assert load_all(database) == ()


def test_an_organisation_that_does_not_exist_is_said_so(database: Database) -> None:
    for ask in (load, renew_token):
        with pytest.raises(SettingsError, match="no organisation has the code 'nobody'"):
            ask(database, "nobody")


@pytest.mark.parametrize(
    ("rights", "initiator", "allowed"),
    [
        ([], "gm0361", True),
        ([], "pwn", False),
        (["pwn"], "pwn", True),
        (["pwn"], "liander", False),
        (["*"], "liander", True),
    ],
)
def test_an_organisation_publishes_for_itself_and_for_whom_its_registration_names(
    rights: list[str], initiator: str, allowed: bool, sqlite_database: Database
) -> None:
    register(sqlite_database, may_publish_for=rights)
    assert load(sqlite_database, "gm0361").may_publish(OrgCode(initiator)) is allowed


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run `meekoppel organisations` on a data folder of its own, without Kafka."""
    monkeypatch.setenv("MEEKOPPEL_DATA_FOLDER", str(tmp_path))
    for name in ("KAFKA_BOOTSTRAP", "DATABASE_URL"):
        monkeypatch.delenv(f"MEEKOPPEL_{name}", raising=False)
    return lambda *arguments: CliRunner().invoke(app, list(arguments), catch_exceptions=False)


ADD = ("add", "gm0361", "--name", "Alkmaar", "--kind", "municipality")


def test_add_shows_the_token_once_and_list_never(command, tmp_path: Path) -> None:
    added = command(*ADD, "--may-publish-for", "*")
    token = added.stdout.split("this once: ")[1].splitlines()[0]
    assert authenticate(open_database(f"sqlite:///{tmp_path / 'view.db'}"), token) is not None
    topics = "plan-inbox.gm0361, coordination-inbox.gm0361, plan-rejections.gm0361, heartbeats.gm0361"
    assert f"{topics} are made when the hub next starts" in added.stdout
    assert token not in command("list").stdout + command("show", "gm0361").stdout
    (listed,) = json.loads(command("list", "--json").stdout)
    assert (listed["code"], listed["may_publish_for"]) == ("gm0361", ["*"])


def test_show_tells_what_became_of_the_events_that_were_sent(command, tmp_path: Path) -> None:
    command(*ADD)
    with open_database(f"sqlite:///{tmp_path / 'view.db'}").begin() as connection:
        row = {"organisation": "gm0361", "month": "2026-10", "outcome": "registered", "count": 7}
        connection.execute(insert(intake_counts), [row, {**row, "month": "2026-11", "count": 2}])
    assert json.loads(command("show", "gm0361").stdout)["events_sent"] == {"registered": 9}


def test_a_new_token_is_shown(command, tmp_path: Path) -> None:
    command(*ADD)
    token = command("new-token", "gm0361").stdout.rsplit(" ", 1)[1].strip()
    assert authenticate(open_database(f"sqlite:///{tmp_path / 'view.db'}"), token) is not None


async def test_add_makes_the_topics_where_the_cluster_is_known(
    command, kafka_bootstrap: str, org_code: OrgCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEEKOPPEL_KAFKA_BOOTSTRAP", kafka_bootstrap)
    result = await asyncio.to_thread(command, "add", org_code, "--name", "Alkmaar", "--kind", "municipality")
    assert result.exit_code == 0
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    topics = await admin.list_topics()
    await admin.close()
    assert {f"{name}.{org_code}" for name in ("plan-inbox", "coordination-inbox", "plan-rejections")} <= set(topics)

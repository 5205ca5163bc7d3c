from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.run import RunSummary, run_once
from meekoppel_contracts.ids import OrgCode
from tests.connectors.databases import PASSWORD_VARIABLE, Gis, gis
from tests.connectors.feeds import configured
from tests.connectors.inbox import SOON, Organisation, new_organisation

PLAN = {"id": {"field": "id"}, "title": {"field": "title"}, "period": {"earliest_start": "2096-04-01",
        "latest_end": "2096-04-30"}}  # fmt: skip
ADD = """INSERT INTO works.plans (id, title, geom)
         SELECT n, 'Riool ' || n, ST_SetSRID(ST_MakePoint(111500 + n, 516500), 28992) FROM generate_series({}, {}) n"""


class Following:
    """An organisation whose plans stand in PostGIS."""

    def __init__(self, organisation: Organisation, database: Gis, **source: Any) -> None:
        self.organisation = organisation
        self.database = database
        self.source = source

    def run(self, **options: Any) -> RunSummary:
        source = {
            "format": "sql", "url": self.database.url, "password_variable": PASSWORD_VARIABLE, "table": "works.plans",
            "removed": {"field": "deleted"}, **self.source,
        }  # fmt: skip
        kafka = {"bootstrap": self.organisation.bootstrap}
        config = configured(
            self.organisation.folder, PLAN, source=source, kafka=kafka, organisation=self.organisation.code
        )
        return run_once(config, patience=SOON, open_guard=True, **options)

    def titles(self) -> list[tuple[str, str]]:
        events = sorted(self.organisation.inbox(), key=lambda each: each.headers.sequence)
        return [(each.event.plan.title, each.event.type.value) for each in events]


@pytest.fixture
def database(postgis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gis]:
    with gis(postgis_url) as made:
        monkeypatch.setenv(PASSWORD_VARIABLE, made.password)
        yield made


@pytest.fixture
def organisation(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> Organisation:
    return new_organisation(tmp_path, kafka_bootstrap, org_code)


CURSOR = {"time": "updated_at", "id": "id"}


def test_without_a_cursor_a_row_that_is_gone_is_withdrawn(organisation: Organisation, database: Gis) -> None:
    following = Following(organisation, database)
    database.do(ADD.format(1, 3))
    assert following.run().registered == 3
    database.do("DELETE FROM works.plans WHERE id = 1", "UPDATE works.plans SET deleted = true WHERE id = 2")
    summary = following.run()
    assert (summary.read, summary.withdrawn, summary.unchanged) == (2, 2, 1)


def test_with_a_cursor_what_changed_is_published_and_what_is_read_again_is_not(
    organisation: Organisation, database: Gis
) -> None:
    following = Following(organisation, database, cursor=CURSOR)
    database.do(ADD.format(1, 2500))
    assert following.run().registered == 2500
    database.do(
        "UPDATE works.plans SET title = 'Anders', updated_at = now() WHERE id = 7",
        "UPDATE works.plans SET deleted = true, updated_at = now() WHERE id = 8",
    )
    summary = following.run()  # all 2,500 were changed within the minute that it looks back
    assert (summary.read, summary.changed, summary.withdrawn) == (2500, 1, 1)
    assert following.titles()[2500:] == [("Anders", "changed"), ("Riool 8", "withdrawn")]


def test_there_and_back_again_with_rereading_is_three_versions(organisation: Organisation, database: Gis) -> None:
    following = Following(organisation, database, cursor=CURSOR)
    for title in ("A", "B", "A"):
        database.do(
            f"""INSERT INTO works.plans (id, title, geom) VALUES (1, '{title}', 'SRID=28992;POINT(111500 516500)')
               ON CONFLICT (id) DO UPDATE SET title = excluded.title, updated_at = clock_timestamp()"""
        )
        following.run()
        following.run()
    assert following.titles() == [("A", "registered"), ("B", "changed"), ("A", "changed")]

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from meekoppel_connectors.config import load_config
from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.guessing.addresses import looked_at
from meekoppel_connectors.guessing.initial import first_configuration
from meekoppel_connectors.guessing.proposal import Wishes
from meekoppel_connectors.mapping.read import read_plans
from tests.connectors.feeds import NOW
from tests.connectors.web import Reply, Web, web

TABLE = b"nr;titel;van;tot;x;y\n007;Riool Laat;2026-04-01;2026-05-01;111500;516500\n"


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as served:
        yield served


def found_at(address: str) -> tuple[str, dict[str, str], dict[str, object]]:
    with looked_at(address, address) as looked:
        return (
            looked.found.format,
            dict(looked.place),
            {name: each.value for name, each in looked.found.settings.items()},
        )


def test_a_file_behind_an_address_is_configured_with_the_address(site: Web, tmp_path: Path) -> None:
    site.pages["/export/plans.csv"] = TABLE
    first = first_configuration(f"{site.url}/export/plans.csv", tmp_path, Wishes(organisation="gm0361"))
    assert f'  path: "{site.url}/export/plans.csv"' in first.text
    assert "  id: {field: nr}" in first.text


def test_a_folder_is_configured_by_one_of_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_bytes(TABLE.replace(b"007", name.encode()))
    config = tmp_path / "plans.yaml"
    config.write_text(first_configuration(str(folder), tmp_path, Wishes(organisation="gm0361")).text, encoding="utf-8")
    plans = [row.plan for row in read_plans(load_config(config), NOW)]
    assert [plan.plan_id if plan else None for plan in plans] == ["NL.gm0361.a.csv", "NL.gm0361.b.csv"]


def test_a_folder_without_files_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="without files"):
        first_configuration(str(tmp_path), tmp_path, Wishes())


def test_a_collection_of_features_is_told_by_its_address(site: Web) -> None:
    site.pages["/ogc/collections/plans/items"] = b'{"type": "FeatureCollection", "features": []}'
    assert found_at(f"{site.url}/ogc/collections/plans/items?limit=10") == (
        "ogc-features",
        {"url": f"{site.url}/ogc"},
        {"collection": "plans"},
    )


def test_a_layer_of_arcgis_is_told_by_its_address(site: Web) -> None:
    site.pages["/rest/services/plans/FeatureServer/0"] = b"<html>ArcGIS REST Services Directory</html>"
    address = f"{site.url}/rest/services/plans/FeatureServer/0"
    assert found_at(f"{address}?f=pjson") == ("arcgis", {"url": address}, {})


def test_a_service_of_features_is_told_by_what_it_says(site: Web) -> None:
    site.pages["/ogc"] = json.dumps({"links": [{"rel": "conformance", "href": "/ogc/conformance"}]}).encode()
    assert found_at(f"{site.url}/ogc") == ("ogc-features", {"url": f"{site.url}/ogc"}, {})


def test_a_wfs_is_told_by_what_it_says(site: Web) -> None:
    site.pages["/wfs"] = b'<?xml version="1.0"?><wfs:WFS_Capabilities xmlns:wfs="http://www.opengis.net/wfs/2.0"/>'
    address = f"{site.url}/wfs?service=WFS&request=GetCapabilities"
    assert found_at(address) == ("wfs", {"url": f"{site.url}/wfs"}, {})


def test_an_event_stream_is_told_by_what_it_says(site: Web) -> None:
    site.pages["/stream"] = b"@prefix tree: <https://w3id.org/tree#> .\n<a> tree:view <b> .\n"
    assert found_at(f"{site.url}/stream?page=1") == ("ldes", {"url": f"{site.url}/stream?page=1"}, {})


def test_a_page_to_log_in_is_no_source(site: Web) -> None:
    site.pages["/plans.csv"] = b"<!doctype html><html><body>Log in</body></html>"
    with pytest.raises(SourceError, match="web page"):
        found_at(f"{site.url}/plans.csv")


def test_an_address_that_is_not_there_is_said(site: Web) -> None:
    site.pages["/plans.csv"] = Reply(status=404)
    with pytest.raises(SourceError):
        found_at(f"{site.url}/plans.csv")


def test_a_server_that_does_not_answer_is_said() -> None:
    with pytest.raises(SourceAway):
        found_at("http://127.0.0.1:9/plans.csv")


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(SourceError) as refused:
        found_at("https://jan:geheim@example.org/plans.csv")
    assert "geheim" not in str(refused.value)

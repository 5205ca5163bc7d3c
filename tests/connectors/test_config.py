from __future__ import annotations

from pathlib import Path

import pytest

from meekoppel_connectors.config import load_config
from meekoppel_connectors.errors import ConfigError, ConnectorError
from tests.connectors.feeds import PLAN, configured, settings, write_config

YAML = """
organisation: gm0361
state: state/heat.db
source: {format: csv, path: ../feeds/heat.csv, crs: 28992, geometry: {wkt: geom}}
plan:
  id: {field: nr}
  title: {field: titel}
  initiator: {organisation: gm0361, name: Gemeente, kind: municipality}
  status: {field: status, codes: {No: planned, 007: tentative, 12:30: cancelled}}
  certainty: firm
  period: {earliest_start: 2026-04-01, latest_end: {field: tot}}
"""


def problem(folder: Path, **changes: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(write_config(folder, settings(**changes)))
    return str(caught.value)


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    config = configured(tmp_path)
    assert config.source.file == tmp_path / "feed.csv"
    assert config.state == tmp_path / "state.db"


def test_the_broker_comes_from_the_environment_unless_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEEKOPPEL_KAFKA_BOOTSTRAP", "kafka.example:9093")
    assert configured(tmp_path).kafka.bootstrap == "kafka.example:9093"
    assert configured(tmp_path, kafka={"bootstrap": "other:1"}).kafka.bootstrap == "other:1"


def test_yaml_keeps_words_and_numbers_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "heat.yaml"
    path.write_text(YAML, encoding="utf-8")
    codes = load_config(path).plan["status"]["codes"]
    assert codes == {"No": "planned", "007": "tentative", "12:30": "cancelled"}


@pytest.mark.parametrize(
    ("line", "replacement", "expected"),
    [
        ("organisation: gm0361", "organisation: GM 0361", "heat.yaml: organisation: "),
        ("No: planned", "No: planed", "heat.yaml: plan.status.codes.No: 'planed' is not one of"),
        ("certainty: firm", "", "heat.yaml: plan.certainty: is missing; it must be given"),
        ("certainty: firm", "certanty: firm", "plan.certanty: is not a field of a plan; did you mean certainty?"),
        ("{field: titel}", "{feld: titel}", "heat.yaml: plan.title: takes one value"),
        ("{field: titel}", "{field: titel, missing: omit}", "plan.title.missing: cannot be omit"),
        ("{field: titel}", "{field: titel, lenght: 3}", "plan.title.lenght: is not part of a rule"),
        ("2026-04-01", "1 april", "plan.period.earliest_start: '1 april' is not a date"),
        ("{field: nr}", "nr", "plan.id: is the same for every row"),
        ("state: state/heat.db", "state: a\nstate: b", "heat.yaml: line 4: is not valid YAML: 'state' stands twice"),
        ("state: state/heat.db", "", "heat.yaml: state: is missing"),
        ("state: state/heat.db", "state: x\nstat: x", "heat.yaml: stat: is not a setting of a connector"),
        ("organisation: gm0361", "organisation: [", "is not valid YAML"),
    ],
)
def test_a_mistake_is_named_by_file_and_field(tmp_path: Path, line: str, replacement: str, expected: str) -> None:
    path = tmp_path / "heat.yaml"
    path.write_text(YAML.replace(line, replacement), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert expected in str(caught.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: there is no such file in"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"time_zone": "Europe/Amsterdm"}, "time_zone: 'Europe/Amsterdm' is not a time zone"),
        ({"hub_crs": 4326}, "hub_crs: EPSG:4326 is not projected in metres"),
        ({"hub_crs": 123}, "hub_crs: EPSG:123 is not a known"),
        ({"guard": {"share": 20}}, "guard.share: "),
        ({"source": {"format": "csv", "path": "f"}}, "source: format csv has no geometry"),
        ({"source": {"format": "csv", "path": "f", "geometry": {"x": "x"}}}, "source.geometry: give native"),
        ({"source": {"format": "csv", "path": "f", "geometry": {"wtk": "x"}}}, "source.geometry.wtk: is not a setting"),
        ({"source": {"format": "xml", "path": "f", "geometry": {"wkt": "g"}}}, "source.record: is missing"),
        ({"source": {"format": "gpkg", "path": "f", "sheet": "g"}}, "source.sheet: is not a setting of this format"),
        ({"source": {"format": "gpkg", "path": "f", "crs": "RD"}}, "source.crs: 'RD' is not a coordinate"),
        ({"kafka": {"security_protocol": "SASL_SSL"}}, "kafka: security_protocol SASL_SSL needs a username"),
        ({"path": "x"}, "path: is not a setting"),
        ({"plan": {**PLAN, "nuisance": [{"who": "car"}]}}, "plan.nuisance.0.effect: is missing"),
        ({"plan": {**PLAN, "nuisance": ["car"]}}, "plan.nuisance.0: has fields of its own: who, effect"),
        ({"plan": {**PLAN, "zones": {"srid": 4326}}}, "plan.zones.srid: is not a field of a plan"),
        ({"plan": {**PLAN, "title": {"field": "a", "template": "{b}"}}}, "exactly one of field, template and as_of"),
        ({"plan": {**PLAN, "title": {"field": "a", "split": ";"}}}, "plan.title.split: belongs to lists only"),
        ({"plan": {**PLAN, "title": "x" * 101}}, "plan.title: has 101 characters"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, object], expected: str) -> None:
    assert expected in problem(tmp_path, **changes)


def test_the_password_of_kafka_comes_from_the_environment_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = configured(tmp_path, kafka={"security_protocol": "SASL_PLAINTEXT", "username": "gm0361"}).kafka
    with pytest.raises(ConnectorError, match="MEEKOPPEL_KAFKA_PASSWORD"):
        kafka.client_settings()
    monkeypatch.setenv("MEEKOPPEL_KAFKA_PASSWORD", "kafka-geheim")
    assert kafka.client_settings()["sasl_plain_password"] == "kafka-geheim"
    assert "secret" not in repr(kafka)


@pytest.mark.parametrize("bootstrap", ["", "host:port", "host:", "host:99999", "a:1,,b:2", "kafka://host:9092"])
def test_an_address_of_kafka_that_cannot_be_is_refused_before_anything_is_read(tmp_path: Path, bootstrap: str):
    with pytest.raises(ConfigError, match=r"kafka\.bootstrap: .*write host:port"):
        configured(tmp_path, kafka={"bootstrap": bootstrap})


@pytest.mark.parametrize("bootstrap", ["host", "host:9092", "a:1, b:2", "[::1]:9092"])
def test_brokers_are_named_by_host_and_port(tmp_path: Path, bootstrap: str):
    assert configured(tmp_path, kafka={"bootstrap": bootstrap}).kafka.bootstrap == bootstrap


def test_an_address_of_kafka_from_the_environment_is_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MEEKOPPEL_KAFKA_BOOTSTRAP", "host:port")
    with pytest.raises(ConfigError, match="bootstrap: 'host:port' is no address of a broker"):
        configured(tmp_path)


def test_an_export_in_the_place_of_its_configuration_is_told_apart(tmp_path: Path):
    path = tmp_path / "projecten.xlsx"
    path.write_bytes(b"PK\x03\x04\x14\x00\xc7\xff")
    with pytest.raises(ConfigError, match=r"projecten\.xlsx: is no configuration.*`meekoppel-connector init FILE`"):
        load_config(path)


def test_an_indent_with_tabs_is_said_in_words(tmp_path: Path):
    path = tmp_path / "heat.yaml"
    path.write_text("source:\n\tformat: csv\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"line 2: .*; indent with spaces, not with tabs"):
        load_config(path)

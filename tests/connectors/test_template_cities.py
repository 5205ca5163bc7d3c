"""The templates of three cities, over what their interfaces really answered, and over twins with the same oddities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from meekoppel_contracts.codes import NuisanceEffect, Status
from tests.connectors.real_sets import counted, json_file, read_with, real

POINT = {"type": "Point", "coordinates": [13.41, 52.54]}
LINE = {"type": "LineString", "coordinates": [[13.41, 52.54], [13.42, 52.55]]}


def berlin(number: int, geometry: Any = POINT, kind: str = "Baustelle", **changes: Any) -> dict[str, Any]:
    validity = {"from": "30.05.2022 10:00", "to": "22.06.2022 23:59"}
    words = {"street": "Schönhauser Allee", "section": "stadteinwärts", "content": "Gleisbauarbeiten"}
    about = {
        "id": f"21473{number}",
        "subtype": kind,
        "severity": "keine Sperrung",
        "validity": validity,
        "direction": None,
    }
    return {"type": "Feature", "properties": {**about, **words, **changes}, "geometry": geometry}


def berlin_twin(folder: Path) -> Path:
    both = {"type": "GeometryCollection", "geometries": [POINT, LINE]}
    empty = {"type": "GeometryCollection", "geometries": []}
    open_end = {"validity": {"from": "31.07.2020 11:00", "to": None}}
    features = [berlin(1), berlin(2, both), berlin(3, empty), berlin(4, kind="Unfall"), berlin(5, **open_end)]
    return json_file(folder, {"type": "FeatureCollection", "features": features})


def test_berlin_gives_226_plans_of_241_records(tmp_path: Path) -> None:
    rows = read_with("berlin", tmp_path, real("eu-cities/berlin.json"))
    assert counted(rows) == (241, 226, {"unknown_code": 13, "geometry_empty": 1, "missing": 1})


def test_the_twin_of_berlin_is_rejected_for_the_same_reasons(tmp_path: Path) -> None:
    rows = read_with("berlin", tmp_path, berlin_twin(tmp_path))
    assert counted(rows) == (5, 2, {"unknown_code": 1, "geometry_empty": 1, "missing": 1})
    assert rows[0].plan is not None
    assert rows[0].plan.period.earliest_start.isoformat() == "2022-05-30T08:00:00+00:00"


def issy(reference: str, place: tuple[str, str], **changes: Any) -> dict[str, Any]:
    fields = {
        "reference": reference,
        "longitude": place[0],
        "lattitude": place[1],
        "rue_principal": "RUE DE L'ABBE DERRY",
        "description": "la modification d'un branchement gaz",
        "petitionnaire": "GRDF",
        "nature_titre": "TRAVAUX",
        "etat_travaux": "En cours",
        "impact_circulation": "Aucun impact",
        "date_debut": "2022-05-23",
        "date_fin": "2022-06-10",
        **changes,
    }
    point = {"type": "Point", "coordinates": [float(part) for part in place]}
    return {"recordid": "438970c6", "fields": fields, "geometry": point}


def test_issy_gives_10_plans_of_10_records(tmp_path: Path) -> None:
    rows = read_with("issy-les-moulineaux", tmp_path, real("eu-cities/Issy-les-Moulineaux.json"))
    assert counted(rows) == (10, 10, {})


def test_two_places_of_one_decree_of_issy_are_two_plans(tmp_path: Path) -> None:
    records = [issy("ACP/2022/343", ("2.272096", "48.822638")), issy("ACP/2022/343", ("2.271849", "48.822412"))]
    rows = read_with("issy-les-moulineaux", tmp_path, json_file(tmp_path, {"nhits": 2, "records": records}))
    assert [row.plan_id for row in rows] == [
        "FR.issy-les-moulineaux.ACP/2022/343/2.272096,48.822638",
        "FR.issy-les-moulineaux.ACP/2022/343/2.271849,48.822412",
    ]
    assert rows[0].plan is not None
    assert rows[0].plan.status is Status.IN_PROGRESS


def avignon(number: int) -> dict[str, Any]:
    ring = [[4.805, 43.938], [4.806, 43.938], [4.806, 43.939], [4.805, 43.938]]
    properties = {
        "id": number,
        "arretesrcid": "20-AT-1274",
        "documenttype": "ARRETE TEMPORAIRE",
        "arretedebut": "20201211000000",
        "emprisetype": "STATIONNEMENT",
        "emprisedebut": "2020-12-11T00:00:00Z",
        "emprisefin": "2020-12-15T00:00:00Z",
        "datecreation": "20201209094436.742",
        "mesures": "Interdiction de stationnement",
        "localisations": "AVENUE MONCLAR",
        "shorturl": "https://decrees.example/1",
    }
    polygon = {"type": "MultiPolygon", "coordinates": [[ring]]}
    return {"type": "Feature", "properties": properties, "geometry": polygon}


def test_avignon_gives_2_plans_of_2_records(tmp_path: Path) -> None:
    assert counted(read_with("avignon", tmp_path, real("eu-cities/avignon.json"))) == (2, 2, {})


def test_two_areas_of_one_decree_of_avignon_are_two_plans(tmp_path: Path) -> None:
    features = {"type": "FeatureCollection", "features": [avignon(94412), avignon(90390)]}
    rows = read_with("avignon", tmp_path, json_file(tmp_path, features))
    assert [row.plan_id for row in rows] == ["FR.avignon.94412", "FR.avignon.90390"]
    assert rows[0].plan is not None
    assert rows[0].plan.nuisance[0].effect is NuisanceEffect.NO_PARKING

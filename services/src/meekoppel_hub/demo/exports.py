"""How each organisation's own system exports its plans: its columns, codes, dates, CRS and file format.

Beside each function stands `connectors/<organisation>.yaml`, with which its connector reads the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from meekoppel_contracts.codes import Discipline
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.defects import KeyColumns, broken_rows
from meekoppel_hub.demo.files.sheet import write_csv_with_wkt, write_csv_with_xy, write_workbook
from meekoppel_hub.demo.files.table import ExportRow, Value
from meekoppel_hub.demo.files.vector import write_geojson, write_geopackage, write_shapefile
from meekoppel_hub.demo.files.xml import write_xml
from meekoppel_hub.demo.organisations import organisation
from meekoppel_hub.demo.plans import Stage, TownPlan
from meekoppel_hub.demo.town import SRID

Coordinates = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Export:
    """How one organisation exports.

    Attributes:
        crs: EPSG number of the coordinates in the file.
        columns: what it writes of a plan, column by column.
        keys: which of the columns hold the id, the dates and the status.
        write: writes the rows to the file.
        as_polygons: whether its system can only keep polygons.
    """

    crs: int
    columns: Callable[[TownPlan], dict[str, Value]]
    keys: KeyColumns
    write: Callable[[Path, Sequence[ExportRow]], None]
    as_polygons: bool = False


def export_plans(owner: OrgCode, plans: Sequence[TownPlan], folder: Path) -> Path:
    """Write all plans of an organisation, and some rows with mistakes, to its file in the folder."""
    export = EXPORTS[owner]
    rows = [ExportRow(export.columns(plan), _shape(plan, export)) for plan in plans]
    path = folder / organisation(owner).file_name
    export.write(path, [*rows, *broken_rows(rows[0], export.keys)])
    return path


def _shape(plan: TownPlan, export: Export) -> BaseGeometry:
    shape = plan.shape
    if export.as_polygons and shape.geom_type != "Polygon":
        shape = shape.buffer(0.5 if shape.geom_type == "LineString" else 2.0, cap_style="square")
    if export.crs == SRID:
        return shape
    return shapely.transform(shape, _from_rd(export.crs))


@cache
def _from_rd(crs: int) -> Callable[[Coordinates], Coordinates]:
    """Give what brings rows of x and y from RD New to another CRS."""
    transformer = Transformer.from_crs(SRID, crs, always_xy=True)
    return lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))


def _municipal(plan: TownPlan) -> dict[str, Value]:
    codes = {
        Stage.IDEA: "Initiatief", Stage.TENTATIVE: "Voorbereiding", Stage.FIRM: "Vastgesteld",
        Stage.STARTED: "In uitvoering", Stage.DONE: "Gereed", Stage.CANCELLED: "Vervallen",
    }  # fmt: skip
    return {
        "werknummer": f"W{plan.number:05d}",
        "omschrijving": plan.work.title,
        "straat": plan.place,
        "discipline": plan.work.discipline.value,
        "soort": plan.work.work_type.value,
        "start": plan.start.isoformat(),
        "eind": plan.end.isoformat(),
        "fase": codes[plan.stage],
        "diepte_m": plan.work.depth_m,
        "schuifruimte_dagen": plan.shift_days,
        "samenwerken": "ja" if plan.open_to_others else "nee",
    }


_NET_CODES = {
    Discipline.GAS_LOW: "GLD",
    Discipline.GAS_HIGH: "GHD",
    Discipline.ELECTRICITY_LOW: "ELS",
    Discipline.ELECTRICITY_MEDIUM: "EMS",
}


def _cables(plan: TownPlan) -> dict[str, Value]:
    codes = {
        Stage.IDEA: "IDEE", Stage.TENTATIVE: "VOORL", Stage.FIRM: "DEF",
        Stage.STARTED: "UITV", Stage.DONE: "AFG", Stage.CANCELLED: "ANN",
    }  # fmt: skip
    return {
        "Projectcode": f"SN-{plan.number:04d}",
        "Werkzaamheden": plan.work.title,
        "Locatie": plan.place,
        "Net": _NET_CODES[plan.work.discipline],
        "Aard": plan.work.work_type.value,
        "Aanvang": f"{plan.start:%d-%m-%Y}",
        "Gereed": f"{plan.end:%d-%m-%Y}",
        "Status": codes[plan.stage],
        "Diepte (m)": f"{plan.work.depth_m:.2f}".replace(".", ","),
    }


def _water_board(plan: TownPlan) -> dict[str, Value]:
    codes = {
        Stage.IDEA: "verkenning", Stage.TENTATIVE: "geprogrammeerd", Stage.FIRM: "gepland",
        Stage.STARTED: "loopt", Stage.DONE: "afgerond", Stage.CANCELLED: "geannuleerd",
    }  # fmt: skip
    return {
        "objectid": f"KL{plan.number}",
        "naam": plan.title,
        "thema": plan.work.discipline.value,
        "maatregel": plan.work.work_type.value,
        "startdatum": _utc_text(plan.start, time(7)),
        "einddatum": _utc_text(plan.end, time(17)),
        "status": codes[plan.stage],
        "verschuifbaar": plan.shift_days,
    }


def _drinking_water(plan: TownPlan) -> dict[str, Value]:
    return {
        "PROJNR": f"{plan.number:06d}",
        "NAAM": plan.title,
        "SOORT": plan.work.work_type.value,
        "BEGIN": f"{plan.start:%Y%m%d}",
        "EINDE": f"{plan.end:%Y%m%d}",
        "STATUS": {
            Stage.IDEA: 0, Stage.TENTATIVE: 1, Stage.FIRM: 2, Stage.STARTED: 3, Stage.DONE: 4, Stage.CANCELLED: 9,
        }[plan.stage],
        "DIEPTE": plan.work.depth_m,
        "SAMEN": "J" if plan.open_to_others else "N",
    }  # fmt: skip


def _heat(plan: TownPlan) -> dict[str, Value]:
    codes = {
        Stage.IDEA: "kans", Stage.TENTATIVE: "ontwerp", Stage.FIRM: "gecontracteerd",
        Stage.STARTED: "in aanleg", Stage.DONE: "opgeleverd", Stage.CANCELLED: "gestopt",
    }  # fmt: skip
    return {
        "Nr": plan.number,
        "Project": plan.title,
        "Type werk": plan.work.work_type.value,
        "Start bouw": f"{plan.start:%d-%m-%Y}",
        "Oplevering": f"{plan.end:%d-%m-%Y}",
        "Fase": codes[plan.stage],
    }


def _telecom(plan: TownPlan) -> dict[str, Value]:
    codes = {
        Stage.IDEA: "PROSPECT", Stage.TENTATIVE: "PLANNED", Stage.FIRM: "COMMITTED",
        Stage.STARTED: "ACTIVE", Stage.DONE: "CLOSED", Stage.CANCELLED: "CANCELLED",
    }  # fmt: skip
    return {
        "order_id": f"GL/{plan.number:05d}",
        "order_type": plan.work.title,
        "street": plan.place,
        "start_date": f"{plan.start:%d/%m/%Y}",
        "end_date": f"{plan.end:%d/%m/%Y}",
        "state": codes[plan.stage],
        "confidential": "Y" if plan.work.restricted else "N",
        "share_with": " ".join(plan.shared_with),
    }


def _corporation(plan: TownPlan) -> dict[str, Value]:
    codes = {
        Stage.IDEA: "verkenning", Stage.TENTATIVE: "voorgenomen", Stage.FIRM: "besloten",
        Stage.STARTED: "in-uitvoering", Stage.DONE: "opgeleverd", Stage.CANCELLED: "ingetrokken",
    }  # fmt: skip
    return {
        "kenmerk": f"DS-{plan.number:03d}",
        "titel": plan.title,
        "soort": plan.work.discipline.value,
        "van": f"{plan.start:%Y-%m-%d}T08:00:00",
        "tot": f"{plan.end:%Y-%m-%d}T17:00:00",
        "besluit": codes[plan.stage],
        "vertrouwelijk": "true" if plan.work.restricted else "false",
        "delen_met": " ".join(plan.shared_with),
    }


def _provincial(plan: TownPlan) -> dict[str, Value]:
    codes = {
        Stage.IDEA: "MIRT", Stage.TENTATIVE: "planuitwerking", Stage.FIRM: "realisatie gepland",
        Stage.STARTED: "realisatie", Stage.DONE: "beheer", Stage.CANCELLED: "vervallen",
    }  # fmt: skip
    return {
        "project_id": plan.number,
        "project": plan.title,
        "onderdeel": plan.work.discipline.value,
        "ingreep": plan.work.work_type.value,
        "start_werk": f"{plan.start:%Y/%m/%d}",
        "einde_werk": f"{plan.end:%Y/%m/%d}",
        "stadium": codes[plan.stage],
    }


def _utc_text(day: date, at: time) -> str:
    return f"{datetime.combine(day, at, UTC):%Y-%m-%dT%H:%M:%SZ}"


EXPORTS: dict[OrgCode, Export] = {
    OrgCode("gemeente-rijnvoorde"): Export(
        28992,
        _municipal,
        KeyColumns("werknummer", "start", "eind", "fase"),
        lambda path, rows: write_geopackage(path, rows, 28992, "werken"),
    ),
    OrgCode("stedennet"): Export(
        28992,
        _cables,
        KeyColumns("Projectcode", "Aanvang", "Gereed", "Status"),
        lambda path, rows: write_csv_with_wkt(path, rows, wkt="Geometrie", delimiter=";"),
    ),
    OrgCode("waterschap-krommerlek"): Export(
        4326,
        _water_board,
        KeyColumns("objectid", "startdatum", "einddatum", "status"),
        lambda path, rows: write_geojson(path, rows, 4326),
    ),
    OrgCode("merwestroom"): Export(
        28992,
        _drinking_water,
        KeyColumns("PROJNR", "BEGIN", "EINDE", "STATUS", unknown_status=7),
        lambda path, rows: write_shapefile(path, rows, 28992),
        as_polygons=True,
    ),
    OrgCode("rijnvoorde-warmte"): Export(
        4258,
        _heat,
        KeyColumns("Nr", "Start bouw", "Oplevering", "Fase"),
        lambda path, rows: write_workbook(
            path, rows, xy=("Lengtegraad", "Breedtegraad"), sheet="Planning", heading="Warmtenet: planning"
        ),
    ),
    OrgCode("glaslokaal"): Export(
        25831,
        _telecom,
        KeyColumns("order_id", "start_date", "end_date", "state"),
        lambda path, rows: write_csv_with_xy(path, rows, xy=("utm_x", "utm_y"), encoding="cp1252"),
    ),
    OrgCode("de-sluis"): Export(
        28992,
        _corporation,
        KeyColumns("kenmerk", "van", "tot", "besluit"),
        lambda path, rows: write_xml(path, rows, root="projecten", record="project", xy=("x", "y")),
    ),
    OrgCode("provincie-lekland"): Export(
        25831,
        _provincial,
        KeyColumns("project_id", "start_werk", "einde_werk", "stadium"),
        lambda path, rows: write_geopackage(path, rows, 25831, "wegwerken"),
    ),
}

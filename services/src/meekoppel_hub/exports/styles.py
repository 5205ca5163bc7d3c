"""How layers are drawn: QGIS's own styles, in the table `layer_styles` from which it takes them by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from meekoppel_contracts.codes import OverlapKind, ZoneRole
from meekoppel_hub.exports.columns import Presentation, label

# Colours that people with a colour-blindness can tell apart (Okabe and Ito), one per role and one per kind.
ROLE_COLOURS: Final = {
    ZoneRole.WORK.value: "#0072B2",
    ZoneRole.SITE.value: "#56B4E9",
    ZoneRole.NUISANCE.value: "#E69F00",
    ZoneRole.DETOUR.value: "#009E73",
    ZoneRole.INDICATIVE.value: "#999999",
}
KIND_COLOURS: Final = {
    OverlapKind.CONFLICT_HEAVY.value: "#C62828",
    OverlapKind.CONFLICT_LIGHT.value: "#F0A030",
    OverlapKind.OPPORTUNITY.value: "#2E7D32",
    OverlapKind.MORATORIUM_BREACH.value: "#7B1FA2",
    OverlapKind.DETOUR_HIT.value: "#00838F",
    OverlapKind.OTHER.value: "#616161",
}
_LAYER: Final = {"area": "SimpleFill", "line": "SimpleLine", "point": "SimpleMarker"}
_SYMBOL: Final = {"area": "fill", "line": "line", "point": "marker"}

_TABLE: Final = """CREATE TABLE IF NOT EXISTS layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""


@dataclass(frozen=True, slots=True)
class Style:
    """How a layer is drawn.

    Attributes:
        colours: a colour per value of `column`; or one alone, with an empty value, for all.
        column: by which features are told apart; empty for none.
    """

    colours: tuple[tuple[str, str], ...]
    column: str = ""


def role_style(role: str) -> Style:
    """Give the style of zones of a role."""
    return Style((("", ROLE_COLOURS.get(role, "#999999")),))


def kinds_style(presentation: Presentation) -> Style:
    """Give the style of overlaps: a colour per kind."""
    shown = [
        (kind if presentation.codes else label(OverlapKind, kind, presentation.language), colour)
        for kind, colour in KIND_COLOURS.items()
    ]
    return Style(tuple(shown), "kind")


def add_styles(file: sqlite3.Connection, layers: Sequence[tuple[str, str, Style]], presentation: Presentation) -> None:
    """Put the styles of layers into a GeoPackage.

    Args:
        file: the GeoPackage.
        layers: the name, the kind of shape (`point`, `line`, `area`) and the style of each.
        presentation: the language.
    """
    file.execute(_TABLE)
    file.execute(
        "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)",
        ("layer_styles", "layer_styles"),
    )
    for name, kind, style in layers:
        file.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, useAsDefault, description) VALUES ('', '', ?, 'geom', ?, ?, 1, ?)",
            (name, "meekoppel", qml(kind, style), presentation.word("Stijl van Meekoppel", "Style of Meekoppel")),
        )


def qml(kind: str, style: Style) -> str:
    """Write a style in QGIS's own form."""
    root = ET.Element("qgis", version="3.28", styleCategories="Symbology")
    renderer = ET.SubElement(root, "renderer-v2", type="categorizedSymbol" if style.column else "singleSymbol")
    if style.column:
        renderer.set("attr", style.column)
        categories = ET.SubElement(renderer, "categories")
        for number, (value, _) in enumerate(style.colours):
            ET.SubElement(categories, "category", symbol=str(number), value=value, label=value, render="true")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (_, colour) in enumerate(style.colours):
        symbol = ET.SubElement(symbols, "symbol", name=str(number), type=_SYMBOL[kind], alpha="1")
        layer = ET.SubElement(symbol, "layer", {"class": _LAYER[kind], "enabled": "1", "pass": "0", "locked": "0"})
        options = ET.SubElement(layer, "Option", type="Map")
        for option, value in _options(kind, colour):
            ET.SubElement(options, "Option", type="QString", name=option, value=value)
    return '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">\n' + ET.tostring(root, encoding="unicode")


def _options(kind: str, colour: str) -> list[tuple[str, str]]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    solid, light = f"{red},{green},{blue},255", f"{red},{green},{blue},90"
    match kind:
        case "area":
            return [("color", light), ("outline_color", solid), ("outline_width", "0.4"), ("outline_style", "solid"),
                    ("style", "solid")]  # fmt: skip
        case "line":
            return [("line_color", solid), ("line_width", "0.8"), ("line_style", "solid"), ("capstyle", "round")]
        case _:
            return [("color", solid), ("name", "circle"), ("size", "2.6"), ("outline_color", "255,255,255,255")]

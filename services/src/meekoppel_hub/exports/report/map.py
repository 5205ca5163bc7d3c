"""The map of a report: SVG drawn from the geometry itself, without a tile from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from meekoppel_contracts.codes import OverlapKind, ZoneRole
from meekoppel_hub.exports.columns import Presentation, label
from meekoppel_hub.exports.report.rests import Rest
from meekoppel_hub.exports.styles import KIND_COLOURS, ROLE_COLOURS
from meekoppel_hub.reading.sight import WholeSight
from meekoppel_hub.reading.stored import StoredPlan

_WIDTH, _HEIGHT = 900.0, 760.0  # of the drawing, in its own units: five to a millimetre on A4
_MARGIN = 24.0
_BENEATH: Final = (ZoneRole.INDICATIVE, ZoneRole.DETOUR, ZoneRole.NUISANCE, ZoneRole.SITE, ZoneRole.WORK)
_REST_COLOUR: Final = "#7B1FA2"


@dataclass(frozen=True, slots=True)
class Mark:
    """A number on the map.

    Attributes:
        number: as in the lists of the report.
        pair: the pair that it stands for.
    """

    number: str
    pair: WholeSight


@dataclass(frozen=True, slots=True)
class _Scale:
    """From metres to the units of the drawing; y points down there."""

    min_x: float
    max_y: float
    per_metre: float
    shift_x: float
    shift_y: float

    def point(self, x: float, y: float) -> tuple[float, float]:
        return (
            round(self.shift_x + (x - self.min_x) * self.per_metre, 1),
            round(self.shift_y + (self.max_y - y) * self.per_metre, 1),
        )


def draw_map(
    area: BaseGeometry,
    plans: Sequence[StoredPlan],
    rests: Sequence[Rest],
    marks: Sequence[Mark],
    shown: Presentation,
) -> str:
    """Draw the area, its plans, where the ground rests, and where plans meet.

    Args:
        area: in the hub's CRS; all else is in it too.
        plans: their zones are drawn by role, work above all others.
        rests: hatched.
        marks: numbered as the lists of the report.
        shown: the language.
    """
    scale = _scale_of(area)
    zones = _zones(plans)
    legend_roles = [role for role in reversed(_BENEATH) if zones.get(role.value)]
    kinds = [kind for kind in KIND_COLOURS if any(mark.pair.row.kind == kind for mark in marks)]
    parts = [
        f'<svg class="map" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'aria-label="{escape(shown.word("Kaart van het gebied", "Map of the area"))}">',
        '<defs><pattern id="rest" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<path d="M0 0V7" stroke="{_REST_COLOUR}" stroke-width="2"/></pattern>'
        f'<clipPath id="frame"><rect width="{_WIDTH:.0f}" height="{_HEIGHT:.0f}"/></clipPath></defs>',
        f'<rect width="{_WIDTH:.0f}" height="{_HEIGHT:.0f}" fill="#F6F4EF"/><g clip-path="url(#frame)">',
        f'<path d="{_path(area, scale)}" fill="#FFFFFF" stroke="#333" stroke-width="2" stroke-dasharray="9 4"/>',
        *(_rest(rest, scale) for rest in rests),
        *(_zone(plan, shape, role, scale) for role in _BENEATH for plan, shape in zones.get(role.value, ())),
        *(_mark(mark, scale) for mark in reversed(marks)),
        "</g>",
        _north(),
        _scale_bar(scale),
        "</svg>",
        _legend(legend_roles, kinds, bool(rests), shown),
    ]
    return "".join(parts)


def _scale_of(area: BaseGeometry) -> _Scale:
    min_x, min_y, max_x, max_y = area.bounds
    wide, high = max(max_x - min_x, 10.0), max(max_y - min_y, 10.0)
    per_metre = min((_WIDTH - 2 * _MARGIN) / wide, (_HEIGHT - 2 * _MARGIN) / high)
    return _Scale(min_x, max_y, per_metre, (_WIDTH - wide * per_metre) / 2, (_HEIGHT - high * per_metre) / 2)


def _zones(plans: Iterable[StoredPlan]) -> dict[str, list[tuple[StoredPlan, BaseGeometry]]]:
    zones: dict[str, list[tuple[StoredPlan, BaseGeometry]]] = {}
    for plan in plans:
        for zone in plan.plan["zones"]:
            zones.setdefault(zone["role"], []).append((plan, shapely.from_wkb(zone["geometry"])))
    return zones


def _zone(plan: StoredPlan, shape: BaseGeometry, role: ZoneRole, scale: _Scale) -> str:
    colour = ROLE_COLOURS[role.value]
    title = f"<title>{escape(plan.plan['title'])} ({escape(plan.plan['initiator']['name'])})</title>"
    drawn = []
    for part in shapely.get_parts(shapely.get_parts(shape)):
        if part.geom_type == "Point":
            x, y = scale.point(part.x, part.y)
            drawn.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}" stroke="#fff">{title}</circle>')
        elif part.geom_type == "Polygon":
            drawn.append(
                f'<path d="{_path(part, scale)}" fill="{colour}" fill-opacity=".35" stroke="{colour}" '
                f'stroke-width="1.4">{title}</path>'
            )
        else:
            drawn.append(
                f'<path d="{_path(part, scale)}" fill="none" stroke="{colour}" stroke-width="3" '
                f'stroke-opacity=".8">{title}</path>'
            )
    return "".join(drawn)


def _rest(rest: Rest, scale: _Scale) -> str:
    return (
        f'<path d="{_path(rest.shape, scale)}" fill="url(#rest)" fill-opacity=".5" stroke="{_REST_COLOUR}">'
        f"<title>{escape(rest.title)}</title></path>"
    )


def _mark(mark: Mark, scale: _Scale) -> str:
    place = shapely.from_wkb(mark.pair.row.location)
    x, y = scale.point(place.x, place.y)
    return (
        f'<g><circle cx="{x}" cy="{y}" r="10" fill="{KIND_COLOURS.get(mark.pair.row.kind, "#616161")}" stroke="#fff" '
        f'stroke-width="1.5"/><text x="{x}" y="{y + 3.8}" class="mark">{mark.number}</text></g>'
    )


def _path(shape: BaseGeometry, scale: _Scale) -> str:
    """Write a shape as the path of SVG; what is finer than a fifth of a millimetre on paper is left out."""
    simpler = shapely.simplify(shape, 0.5 / scale.per_metre)
    written = []
    for part in shapely.get_parts(shapely.get_parts(simpler)):
        closed = part.geom_type == "Polygon"
        rings: Sequence[Any] = [part.exterior, *part.interiors] if closed else [part]
        for ring in rings:
            points = " L".join(f"{x} {y}" for x, y in (scale.point(*point[:2]) for point in ring.coords))
            if points:
                written.append(f"M{points}{'Z' if closed else ''}")
    return "".join(written)


def _scale_bar(scale: _Scale) -> str:
    length = _round_length(180 / scale.per_metre)
    wide = length * scale.per_metre
    x, y = _MARGIN, _HEIGHT - _MARGIN
    name = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    return (
        f'<g><rect x="{x - 8}" y="{y - 26}" width="{wide + 16:.0f}" height="38" fill="#fff" fill-opacity=".85"/>'
        f'<path d="M{x} {y - 6}V{y}H{x + wide:.1f}V{y - 6}" fill="none" stroke="#222" stroke-width="2"/>'
        f'<text x="{x + wide / 2:.1f}" y="{y - 9}" class="scale">{name}</text></g>'
    )


def _round_length(most: float) -> float:
    """Give the largest of 1, 2 and 5 times a power of ten that is not more."""
    power: float = 10.0 ** floor(log10(most))
    return next(step * power for step in (5, 2, 1) if step * power <= most)


def _north() -> str:
    x, y = _WIDTH - _MARGIN - 12, _MARGIN + 4
    return (
        f'<g><circle cx="{x}" cy="{y + 20}" r="25" fill="#fff" fill-opacity=".85"/>'
        f'<path d="M{x} {y}L{x + 9} {y + 30}L{x} {y + 24}L{x - 9} {y + 30}Z" fill="#222"/>'
        f'<text x="{x}" y="{y + 42}" class="scale">N</text></g>'
    )


def _legend(roles: Sequence[ZoneRole], kinds: Sequence[str], rests: bool, shown: Presentation) -> str:
    entries = [
        (f"background:{ROLE_COLOURS[role.value]}", label(ZoneRole, role.value, shown.language)) for role in roles
    ]
    entries += [
        (f"background:{KIND_COLOURS[kind]};border-radius:50%", label(OverlapKind, kind, shown.language))
        for kind in kinds
    ]
    if rests:
        entries.append((f"border:2px solid {_REST_COLOUR}", shown.word("Graafrust", "Rest of the ground")))
    entries.append(("border:2px dashed #333", shown.word("Grens van het gebied", "Border of the area")))
    return (
        '<p class="legend">'
        + "".join(f'<span><i style="{style}"></i>{escape(name)}</span>' for style, name in entries)
        + "</p>"
    )

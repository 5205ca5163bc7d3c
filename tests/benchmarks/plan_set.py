"""A made-up country of plans, at any size with the same density, and the changes that its owners make.

Made for figures: fast (numpy for what varies, Avro straight from dicts), the same for the same seed, and written as
intake writes it. A plan has the fields of the contract filled, about 1 kB as Avro, one zone of a median radius of 25 m.
Plans lie so densely that among 1,000,000 of them about 79,000 pairs meet: zones intersect, periods overlap, owners
differ. The side of the square grows with the root of the number of plans, so a plan has as many neighbours at every
size: what grows with the view is the view, not the number of pairs per plan.

Changes are a mix (`MIX`): of a hundred, 60 move the period by up to two months, 20 change what is said and not where or
when, 15 redraw the zone somewhat further along, 5 change the status: begun, completed, cancelled, withdrawn.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from fastavro import schemaless_writer
from numpy.typing import NDArray

from meekoppel_contracts.codec import decode_plan_event, encode_plan_event
from meekoppel_contracts.framing import frame_prefix
from meekoppel_contracts.headers import plan_event_headers
from meekoppel_contracts.headers.plans import INBOX_ID_HEADER, VISIBILITY_HEADER
from meekoppel_contracts.plain import plain_schema
from meekoppel_contracts.registry import PLAN_EVENT, packaged_registry

CRS = 28992
OWNERS = tuple(f"org-{number:03d}" for number in range(300))
DAY_US = 86_400_000_000
START_US = 1_798_761_600_000_000  # 2027-01-01
RECORDED_US = 1_790_000_000_000_000  # before that
YEARS_OF_STARTS = 3
MEDIAN_RADIUS_M = 25.0
CORNERS = 16
# Such that 79,000 pairs meet among 1,000,000 plans; see `count_meeting`.
SIDE_OF_A_MILLION_M = 77_050.0
MIX = {"period": 0.60, "words": 0.20, "place": 0.15, "status": 0.05}
_MOST_AT_ONCE = 20_000

_WORKS = (
    ("drinking_water", "replace", "Vervangen hoofdleiding drinkwater"),
    ("gas_low", "replace", "Vervangen brosse gasleidingen"),
    ("gravity_sewer", "replace", "Rioolvervanging"),
    ("electricity_low", "new", "Verzwaren laagspanningsnet"),
    ("electricity_medium", "new", "Aanleg middenspanningsring"),
    ("telecom", "new", "Aanleg glasvezel"),
    ("road", "maintain", "Groot onderhoud rijbaan"),
    ("heat", "new", "Aanleg warmtenet"),
)
_DESCRIPTION = (
    "Vervangen van de hoofdleiding met de huisaansluitingen, en herstel van de bestrating. De rijbaan blijft voor "
    "bestemmingsverkeer open; fietsers worden omgeleid. Bewoners ontvangen twee weken vooraf een brief. "
)

_VERSION = packaged_registry().newest(PLAN_EVENT)
_FRAME = frame_prefix(_VERSION.schema_id)
_SCHEMA = plain_schema(packaged_registry().parsed(_VERSION.schema_id))


@dataclass(frozen=True, slots=True)
class Written:
    """One plan event as it stands in the log.

    Attributes:
        plan_id: whose; its bytes are the key of the record.
        value: framed Avro.
        happened: the type of the event.
        version: of the plan.
        publisher: who put it into the hub.
        recorded_us: when intake accepted it, microseconds since 1970.
    """

    plan_id: str
    value: bytes
    happened: str
    version: int
    publisher: str
    recorded_us: int

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """Write the CloudEvents headers that intake writes (`check` compares)."""
        recorded = datetime.fromtimestamp(self.recorded_us / 1e6, UTC).isoformat(timespec="microseconds")
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", f"{self.plan_id}/{self.version}".encode()),
            ("ce_source", f"urn:meekoppel:organisation:{self.publisher}".encode()),
            ("ce_type", f"nl.meekoppel.plan.{self.happened}.v1".encode()),
            ("ce_subject", self.plan_id.encode()),
            ("ce_time", recorded.replace("+00:00", "Z").encode()),
            ("ce_dataschema", _VERSION.uri.encode()),
            ("ce_partitionkey", self.plan_id.encode()),
            ("ce_sequence", str(self.version).encode()),
            ("content-type", b"application/avro"),
            (INBOX_ID_HEADER, f"20260901T000000Z/{self.version}".encode()),
            (VISIBILITY_HEADER, b"participants"),
        ]

    def check(self) -> None:
        """See that key, bytes and headers are what intake would write."""
        event = decode_plan_event(self.value)
        assert event.recorded_at is not None
        assert encode_plan_event(event) == self.value
        assert plan_event_headers(event, time=event.recorded_at).to_kafka() == self.headers[:-2]


class PlanSet:
    """Plans by columns, as they stand now; `changes` moves them on.

    Args:
        count: how many plans.
        seed: the same seed gives the same plans.
    """

    def __init__(self, count: int, seed: int = 7) -> None:
        self.count = count
        dice = np.random.default_rng(seed)
        side = SIDE_OF_A_MILLION_M * (count / 1_000_000) ** 0.5
        self.owner = dice.integers(0, len(OWNERS), count)
        self.work = dice.integers(0, len(_WORKS), count)
        self.x = 40_000 + dice.uniform(0, side, count)
        self.y = 380_000 + dice.uniform(0, side, count)
        self.radius_m = np.clip(MEDIAN_RADIUS_M * np.exp(dice.normal(0, 0.5, count)), 2, 250)
        self.starts_us = START_US + DAY_US * dice.integers(0, 365 * YEARS_OF_STARTS, count)
        self.days = np.clip(30 * np.exp(dice.normal(0, 0.9, count)), 2, 700).astype(np.int64)
        self.firm = dice.random(count) < 0.6
        self.status = np.where(self.firm, "planned", "tentative").astype(object)
        self.version = np.zeros(count, dtype=np.int64)
        self.drawn = np.zeros(count, dtype=np.int64)  # how often its zone was drawn
        self.worded = np.zeros(count, dtype=np.int64)
        self._dice = dice

    def plan_id(self, index: int) -> str:
        """Give the id of a plan."""
        return f"NL.{OWNERS[self.owner[index]]}.{index}"

    def registrations(self) -> Iterator[Written]:
        """Give the first version of every plan, in no particular order of place."""
        for begin in range(0, self.count, _MOST_AT_ONCE):
            indexes = np.arange(begin, min(begin + _MOST_AT_ONCE, self.count))
            self.version[indexes] = 1
            for index, wkb in zip(indexes.tolist(), self.shapes(indexes), strict=True):
                yield self._write(index, wkb, "registered", [])

    def changes(self, count: int) -> Iterator[Written]:
        """Change plans, some of them several times, in the proportions of `MIX`; each gives its next version."""
        left = count
        while left:
            size = min(left, _MOST_AT_ONCE, max(1, self.count // 2))
            indexes = self._dice.choice(self.count, size, replace=False)
            kinds = self._dice.choice(list(MIX), size, p=list(MIX.values()))
            said = [self._change(index, kind) for index, kind in zip(indexes.tolist(), kinds.tolist(), strict=True)]
            for index, wkb, (happened, fields) in zip(indexes.tolist(), self.shapes(indexes), said, strict=True):
                yield self._write(index, wkb, happened, fields)
            left -= size

    def _change(self, index: int, kind: str) -> tuple[str, list[str]]:
        self.version[index] += 1
        dice = self._dice
        if kind == "period":
            self.starts_us[index] += DAY_US * int(dice.integers(-60, 61))
            return "changed", ["period"]
        if kind == "words":
            self.worded[index] += 1
            return "changed", ["description"]
        if kind == "place":
            self.drawn[index] += 1
            self.x[index] += dice.uniform(-20, 20)
            self.y[index] += dice.uniform(-20, 20)
            return "changed", ["zones"]
        status = dice.choice(["in_progress", "completed", "cancelled", "withdrawn"], p=[0.6, 0.2, 0.1, 0.1])
        if status == "withdrawn":
            return "withdrawn", []
        self.status[index] = str(status)
        return "changed", ["status"]

    def shapes(self, indexes: NDArray[np.int64]) -> list[bytes]:
        """Draw the zones of plans as WKB: a ring of `CORNERS` around their place, no two alike."""
        corner = np.arange(CORNERS)
        mixed = indexes[:, None] * 12.9898 + corner * 78.233 + self.drawn[indexes][:, None] * 37.719
        wobble = np.sin(mixed) * 43_758.5453
        reach = self.radius_m[indexes][:, None] * (0.75 + 0.5 * (wobble - np.floor(wobble)))
        angle = corner * (2 * np.pi / CORNERS)
        ring = np.empty((len(indexes), CORNERS + 1, 2))
        ring[:, :-1, 0] = self.x[indexes][:, None] + reach * np.cos(angle)
        ring[:, :-1, 1] = self.y[indexes][:, None] + reach * np.sin(angle)
        ring[:, -1] = ring[:, 0]
        ring = np.round(ring, 3)
        head = b"\x01" + b"\x03\x00\x00\x00" + b"\x01\x00\x00\x00" + int(CORNERS + 1).to_bytes(4, "little")
        return [head + one.tobytes() for one in ring]

    def _write(self, index: int, wkb: bytes, happened: str, fields: list[str]) -> Written:
        event = self._event(index, wkb, happened, fields)
        out = io.BytesIO()
        out.write(_FRAME)
        schemaless_writer(out, _SCHEMA, event)
        return Written(
            event["plan"]["plan_id"],
            out.getvalue(),
            happened,
            event["version"],
            event["publisher"],
            event["recorded_at"],
        )

    def _event(self, index: int, wkb: bytes, happened: str, fields: list[str]) -> dict[str, Any]:
        version = int(self.version[index])
        recorded = RECORDED_US + index * 1_000 + version * 60_000_000
        return {
            "type": happened,
            "version": version,
            "publisher": OWNERS[self.owner[index]],
            "occurred_at": recorded - 5_000_000,
            "recorded_at": recorded,
            "reason": None,
            "changed_fields": fields,
            "plan": self._plan(index, wkb),
        }

    def _plan(self, index: int, wkb: bytes) -> dict[str, Any]:
        owner = OWNERS[self.owner[index]]
        discipline, work, title = _WORKS[self.work[index]]
        start, days = int(self.starts_us[index]), int(self.days[index])
        size = float(self.radius_m[index])
        return {
            "plan_id": self.plan_id(index),
            "title": f"{title} {index}",
            "description": f"{_DESCRIPTION}Uitgave {self.worded[index]} van de omschrijving.",
            "source_refs": [{"system": "KLIC", "id": f"27O{index:08d}"}, {"system": "project", "id": f"P-{index}"}],
            "initiator": {"organisation": owner, "name": owner.title(), "kind": "other", "kvk": f"{index:08d}"},
            "mandated": [{"organisation": "aannemer", "role": "contractor"}],
            "contact": {"mailbox": f"werken@{owner}.example", "url": f"https://{owner}.example/werken/{index}"},
            "disciplines": [discipline],
            "work_types": [work],
            "excavation": {"digs": True, "area_m2": round(3 * size * size, 1), "trench_length_m": round(2 * size, 1)},
            "phase": "preparation",
            "status": str(self.status[index]),
            "certainty": "firm" if self.firm[index] else "possible",
            "period": {
                "earliest_start": start,
                "latest_start": start + DAY_US * (days // 4),
                "latest_end": start + DAY_US * days,
                "duration_days": max(1, days - days // 4),
                "precision": "week",
                "can_shift_later_days": 30 if index % 4 == 0 else None,
            },
            "zones": [{"zone_id": "1", "role": "work", "geometry": wkb, "srid": CRS, "accuracy": "design"}],
            "cooperation": {"open": bool(index % 3), "kinds": ["share_trench", "share_paving"]},
            "visibility": "participants",
            "confirmed_at": RECORDED_US,
            "license": "https://creativecommons.org/licenses/by/4.0/",
        }

    def boxes(self) -> NDArray[np.float64]:
        """Give the box of every zone: rows of min x, min y, max x, max y."""
        reach = self.radius_m * 1.25
        return np.stack([self.x - reach, self.y - reach, self.x + reach, self.y + reach], axis=1)


def count_meeting(plans: PlanSet) -> int:
    """Count the pairs whose zones intersect, whose periods overlap and whose owners differ."""
    shapes: list[Any] = []
    for begin in range(0, plans.count, _MOST_AT_ONCE):
        shapes.extend(shapely.from_wkb(plans.shapes(np.arange(begin, min(begin + _MOST_AT_ONCE, plans.count)))))
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes)
    ends = plans.starts_us + DAY_US * plans.days
    keep = (left < right) & (plans.owner[left] != plans.owner[right])
    keep &= (plans.starts_us[left] <= ends[right]) & (plans.starts_us[right] <= ends[left])
    left, right = left[keep], right[keep]
    geometry = np.array(shapes, dtype=object)
    return int(shapely.intersects(geometry[left], geometry[right]).sum())

"""What every row of a source must be, whichever way the connector runs."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pyproj
import shapely

from meekoppel_connectors.errors import ConfigError
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.testing.connector import ConnectorUnderTest, Records, demand, record_of
from meekoppel_contracts.plan import Plan

_A_DAY = timedelta(hours=26)  # a day of another zone
_TOUCHING_M = 1.0


class TestsOfRows:
    """Ids, order, fields, geometry, times, rejections, settings."""

    def test_every_record_becomes_a_plan_under_its_id(self, connector: ConnectorUnderTest, records: Records) -> None:
        wanted = records.several(12)
        records.put(wanted)
        connector.run()
        found = [record_of(each.event.plan.plan_id) for each in connector.records()]
        missing = [record.id for record in wanted if record.id not in found]
        demand(
            not missing and len(found) == len(wanted),
            f"12 records were written and the plans {found} came out; the source must give every record once, and the "
            f"mapping's id must end with the record's own id, leading zeros kept; missing: {missing}. "
            f"Rejected: {_rejections(connector)}",
        )

    def test_ids_are_the_same_in_every_run(self, connector: ConnectorUnderTest, records: Records) -> None:
        records.put(records.several(12))
        connector.run()
        other = connector.another("other")
        other.run()
        first, second = ({each.key for each in each_one.records()} for each_one in (connector, other))
        demand(
            first and first == second,
            f"two readings of one source gave different plan ids ({sorted(first ^ second)[:4]}); make the id from what "
            "the record is called at its source, never from its place or the time of reading",
        )

    def test_rows_come_in_the_same_order_each_time(self, connector: ConnectorUnderTest, records: Records) -> None:
        records.put(records.several(12))
        first, second = ([(row.values, row.geometry) for row in connector.rows()] for _ in range(2))
        demand(
            len(first) == len(second), f"the source gave {len(first)} rows, and {len(second)} when it was read again"
        )
        differing = [number for number, (one, two) in enumerate(zip(first, second, strict=True), 1) if one != two]
        demand(
            not differing,
            f"rows {differing[:5]} differed in two readings of one source; read in a stable order (ORDER BY, sorted "
            "keys), and give nothing that depends on the moment of reading",
        )

    def test_the_order_of_the_records_does_not_matter(self, connector: ConnectorUnderTest, records: Records) -> None:
        wanted = records.several(12)
        records.put(wanted)
        connector.run()
        records.say_again(wanted[::-1])
        connector.run(open_guard=True)
        demand(
            len(connector.records()) == 12,
            "the same records in another order gave events; a row must hold nothing of its place among the others",
        )

    def test_rows_hold_the_fields_that_the_source_describes(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        description = open_source(connector.config().source, connector.case.folder).describe(whole=True)
        rows = connector.rows()
        named = set(description.fields)
        if description.fixed or named:
            unknown = {name for row in rows for name in row.values} - named
            demand(not unknown, f"rows hold {sorted(unknown)}, which describe() does not name; make the two agree")
        if description.fixed:
            lacking = [name for name in named if not all(name in row.values for row in rows)]
            demand(
                not lacking,
                f"describe() says that every row has {sorted(lacking)}, but some have not; give None where a record "
                "has no value, or say fixed=False",
            )
        demand(
            description.row_count in (None, len(rows)),
            f"describe() says {description.row_count} rows, and {len(rows)} were read; count what snapshot() gives",
        )

    def test_geometry_is_valid_flat_and_inside_the_area_of_the_hub(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        connector.run()
        area = _area_of(connector.case.hub_crs)
        for each in connector.records():
            for zone in each.event.plan.zones:
                shape = shapely.from_wkb(zone.geometry)
                about = f"zone {zone.zone_id} of {each.key}"
                demand(
                    zone.srid == connector.case.hub_crs,
                    f"{about} is in EPSG:{zone.srid}, and the hub's CRS is EPSG:{connector.case.hub_crs}",
                )
                demand(not shape.is_empty and shape.is_valid, f"{about} is empty or invalid: {shape.wkt[:80]}")
                demand(not shape.has_z, f"{about} has heights; a plan is flat")
                demand(
                    area.covers(shape),
                    f"{about} lies outside the area of EPSG:{zone.srid}: {shape.wkt[:80]}; "
                    "say the source's CRS (source.crs), and whether northing comes first (source.axis_order: yx)",
                )

    def test_a_plan_lies_where_its_record_lies(self, connector: ConnectorUnderTest, records: Records) -> None:
        wanted = {record.id: record for record in records.several(12)}
        records.put(list(wanted.values()))
        connector.run()
        for each in connector.records():
            record = wanted[record_of(each.event.plan.plan_id)]
            away = _distance(each.event.plan, record.position)
            allowed = connector.case.within_m + _TOUCHING_M
            demand(
                away <= allowed,
                f"{each.key} lies {away:,.0f} m from its record (at most {allowed:g}); look at source.crs and "
                "source.axis_order, and at which of two coordinates the source takes first",
            )

    def test_times_are_aware_and_on_the_right_day(self, connector: ConnectorUnderTest, records: Records) -> None:
        wanted = {record.id: record for record in records.several(12)}
        records.put(list(wanted.values()))
        connector.run()
        for each in connector.records():
            record, period = wanted[record_of(each.event.plan.plan_id)], each.event.plan.period
            for name, moment, day in (
                ("earliest_start", period.earliest_start, record.start),
                ("latest_end", period.latest_end, record.end),
            ):
                demand(
                    moment.utcoffset() == timedelta(0) and abs(moment - datetime.combine(day, time(12), UTC)) <= _A_DAY,
                    f"{name} of {each.key} is {moment.isoformat()}, and the record says {day}; give dates and times "
                    "with their zone, or as local text and set time_zone",
                )

    def test_a_broken_row_is_rejected_with_a_reason_and_the_others_go_on(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put([*records.several(3), records.make(4, broken=True), *map(records.make, range(5, 13))])
        summary = connector.run()
        demand(
            len(connector.records()) == 11,
            f"11 good records and a broken one gave {len(connector.records())} plans; a broken row must not stop the "
            "rest: yield it with fault=…, never raise",
        )
        demand(
            summary.rejected == 1,
            "a broken record was written, and no row was rejected; never skip a row: yield it with fault=… (or with "
            "the value as it is), so that somebody is told",
        )
        rejected = connector.status().rejected
        demand(
            rejected and all(row.row_number > 0 and row.field and row.reason and row.message for row in rejected),
            f"a rejection must say row, field, reason and what to do, and this one says {rejected}",
        )
        demand(
            any("0004" in f"{row.source_id} {row.values}" for row in rejected),
            f"the rejection does not show which record it was (0004): {rejected}; keep the values of a broken row",
        )

    def test_a_plan_whose_row_breaks_stays_as_it_was(self, connector: ConnectorUnderTest, records: Records) -> None:
        good = records.several(12)
        records.put(good)
        connector.run()
        records.put([*good[:3], records.make(4, broken=True), *good[4:]])
        connector.run()
        demand(
            len(connector.records()) == 12,
            f"a row that broke gave {_told_after(connector, 12)}; a plan whose row cannot be read stays as it was. "
            "Let a broken row keep its id",
        )

    def test_the_settings_have_a_json_schema(self, connector: ConnectorUnderTest) -> None:
        kind = type(connector.config().source)
        schema = kind.model_json_schema()
        demand(
            "format" in schema["properties"],
            f"the JSON Schema of {kind.__name__} has no format; extend SourceSettings or FileSettings",
        )

    def test_a_setting_that_does_not_exist_is_refused_by_name(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(1))
        source = {**connector.case.source(), "no_such_setting": "1"}
        try:
            ConnectorUnderTest(connector.case, extra={"source": source}).config()
        except ConfigError as error:
            refused: ConfigError | None = error
        else:
            refused = None
        demand(
            refused is not None and "no_such_setting" in refused.field,
            f"an unknown setting gave {refused or 'no error'}; do not allow extra fields in the settings",
        )


def _area_of(crs: int) -> shapely.Polygon:
    epsg = pyproj.CRS.from_epsg(crs)
    assert epsg.area_of_use is not None
    to_crs = pyproj.Transformer.from_crs(4326, epsg, always_xy=True)
    return shapely.box(*to_crs.transform_bounds(*epsg.area_of_use.bounds))


def _distance(plan: Plan, position: tuple[float, float]) -> float:
    shapes = [shapely.from_wkb(zone.geometry) for zone in plan.zones]
    return float(min(shapely.distance(shape, shapely.Point(position)) for shape in shapes))


def _rejections(connector: ConnectorUnderTest) -> list[str]:
    return [f"row {row.row_number}, {row.field}: {row.message}" for row in connector.status().rejected[:3]]


def _told_after(connector: ConnectorUnderTest, number: int) -> list[tuple[str, str]]:
    return [(each.key, each.event.type.value) for each in connector.records()[number:]]

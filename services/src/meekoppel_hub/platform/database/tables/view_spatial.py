"""What the view has in one dialect only: the spatial indexes, and the note of the CRS it was made for."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, text

from meekoppel_hub.platform.database.tables.view import view_settings
from meekoppel_hub.platform.errors import SettingsError

_CRS = "crs"

# The R*Tree follows plan_zones by itself, so that the two can never tell different things. It keeps 32-bit numbers,
# rounded outwards: candidates, never the answer.
_SQLITE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS plan_zone_boxes USING rtree(zone_key, min_x, max_x, min_y, max_y)",
    """CREATE TRIGGER IF NOT EXISTS plan_zones_added AFTER INSERT ON plan_zones BEGIN
           INSERT INTO plan_zone_boxes VALUES (new.zone_key, new.min_x, new.max_x, new.min_y, new.max_y);
       END""",
    """CREATE TRIGGER IF NOT EXISTS plan_zones_removed AFTER DELETE ON plan_zones BEGIN
           DELETE FROM plan_zone_boxes WHERE zone_key = old.zone_key;
       END""",
    "CREATE VIRTUAL TABLE IF NOT EXISTS former_place_boxes USING rtree(place_key, min_x, max_x, min_y, max_y)",
    """CREATE TRIGGER IF NOT EXISTS former_places_added AFTER INSERT ON former_places BEGIN
           INSERT INTO former_place_boxes VALUES (new.place_key, new.min_x, new.max_x, new.min_y, new.max_y);
       END""",
    """CREATE TRIGGER IF NOT EXISTS former_places_removed AFTER DELETE ON former_places BEGIN
           DELETE FROM former_place_boxes WHERE place_key = old.place_key;
       END""",
)

# `box` serves the candidate search (it holds the buffer); `geom` serves QGIS and other readers.
_POSTGIS = (
    """ALTER TABLE plan_zones ADD COLUMN IF NOT EXISTS box box
           GENERATED ALWAYS AS (box(point(min_x, min_y), point(max_x, max_y))) STORED""",
    """ALTER TABLE plan_zones ADD COLUMN IF NOT EXISTS geom geometry(Geometry, {crs})
           GENERATED ALWAYS AS (ST_SetSRID(ST_Force2D(ST_GeomFromWKB(wkb)), {crs})) STORED""",
    "CREATE INDEX IF NOT EXISTS plan_zones_box ON plan_zones USING gist (box)",
    "CREATE INDEX IF NOT EXISTS plan_zones_geom ON plan_zones USING gist (geom)",
    """DO $$ BEGIN
           IF (SELECT relpersistence FROM pg_class WHERE oid = 'view_changes'::regclass) <> 'u' THEN
               ALTER TABLE view_changes SET UNLOGGED;
               ALTER TABLE view_changes ADD COLUMN IF NOT EXISTS xid xid8 NOT NULL DEFAULT pg_current_xact_id();
               CREATE INDEX IF NOT EXISTS view_changes_xid ON view_changes (xid);
               ALTER TABLE plans SET (fillfactor = 80);
               ALTER TABLE "overlaps" SET (fillfactor = 80);
           END IF;
       END $$""",
    """ALTER TABLE "overlaps" ADD COLUMN IF NOT EXISTS geom geometry(Geometry, {crs})
           GENERATED ALWAYS AS (ST_SetSRID(ST_GeomFromWKB(location), {crs})) STORED""",
    'CREATE INDEX IF NOT EXISTS overlaps_geom ON "overlaps" USING gist (geom)',
    'CREATE INDEX IF NOT EXISTS overlaps_restricted ON "overlaps" (overlap_id) WHERE restricted',
    """ALTER TABLE former_places ADD COLUMN IF NOT EXISTS box box
           GENERATED ALWAYS AS (box(point(min_x, min_y), point(max_x, max_y))) STORED""",
    "CREATE INDEX IF NOT EXISTS former_places_box ON former_places USING gist (box)",
)


def add_spatial(connection: Connection, crs: int) -> None:
    """Add the spatial indexes of the dialect to the view, and note its CRS. Safe to call again.

    Args:
        connection: a writing transaction.
        crs: EPSG number of the hub's CRS.

    Raises:
        SettingsError: when the view was made for another CRS.
    """
    _check_crs(connection, crs)
    statements = _POSTGIS if connection.dialect.name == "postgresql" else _SQLITE
    for statement in statements:
        connection.execute(text(statement.format(crs=int(crs))))


def _check_crs(connection: Connection, crs: int) -> None:
    made_for = connection.scalar(select(view_settings.c.value).where(view_settings.c.name == _CRS))
    if made_for is None:
        connection.execute(insert(view_settings).values(name=_CRS, value=str(crs)))
    elif made_for != str(crs):
        raise SettingsError(
            f"the view was made for EPSG:{made_for} and MEEKOPPEL_CRS says {crs}: "
            f"set MEEKOPPEL_CRS={made_for}, or give the hub another data folder or database"
        )

"""Tables of places with rules of their own: areas, agreements, moratoria. Owner: coordination, from topic `areas`.

Of areas and agreements every revision is a row, since one that holds from later on leaves the one before in force until
then. Geometry is WKB in the hub's CRS. Lists of ids and codes stand in text, with commas between.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_hub.platform.database.tables.base import UtcDateTime, metadata
from meekoppel_hub.platform.database.tables.view import view_settings

areas = Table(
    "areas",
    metadata,
    Column("area_id", String(240), primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("authority", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("code", Text, nullable=True),
    Column("active", Boolean, nullable=False),
    Column("valid_from", UtcDateTime, nullable=True),
    Column("valid_until", UtcDateTime, nullable=True),
    Column("director", String(64), nullable=True),
    Column("members", Text, nullable=False),
    Column("margin_m", Float, nullable=False),
    Column("wkb", LargeBinary, nullable=False),
    Column("min_x", Float, nullable=False),  # the box of the area itself, without its margin
    Column("min_y", Float, nullable=False),
    Column("max_x", Float, nullable=False),
    Column("max_y", Float, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("event", LargeBinary, nullable=False),  # as it stands in the log, framed Avro
    Index("areas_authority", "authority"),
)

agreements = Table(
    "agreements",
    metadata,
    Column("agreement_id", String(240), primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("authority", String(64), nullable=False),
    Column("area_ids", Text, nullable=False),  # empty for the default
    Column("title", String(100), nullable=False),
    Column("ruleset", String(60), nullable=False),
    Column("version", String(30), nullable=False),
    Column("rules", Text, nullable=False),  # the whole rule set, JSON
    Column("valid_from", UtcDateTime, nullable=True),
    Column("valid_until", UtcDateTime, nullable=True),
    Column("ended", Boolean, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("event", LargeBinary, nullable=False),
)

# The newest revision of each moratorium; `ends_us` is null while it holds until it is lifted.
moratoria = Table(
    "moratoria",
    metadata,
    Column("moratorium_id", String(240), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("authority", String(64), nullable=False),
    Column("title", String(100), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("derived_from", String(240), nullable=True),
    Column("lifted", Boolean, nullable=False),
    Column("starts_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger, nullable=True),
    Column("disciplines", Text, nullable=False),  # none: all
    Column("exceptions", Text, nullable=False),
    Column("exempt_plans", Text, nullable=False),  # with spaces between: an id may hold a comma
    Column("wkb", LargeBinary, nullable=False),
    Column("min_x", Float, nullable=False),
    Column("min_y", Float, nullable=False),
    Column("max_x", Float, nullable=False),
    Column("max_y", Float, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("moratoria_authority", "authority"),
)

moratorium_versions = Table(
    "moratorium_versions",
    metadata,
    Column("moratorium_id", String(240), primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("event", LargeBinary, nullable=False),
)

# What was last published of the moratorium that follows from a completed plan: written with the plan's pairs, so that
# it is never behind what this service said, as `moratoria` is until the topic has been read.
derived_moratoria = Table(
    "derived_moratoria",
    metadata,
    Column("moratorium_id", String(240), primary_key=True),
    Column("plan_id", String(240), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("holds", Boolean, nullable=False),
    Column("event", LargeBinary, nullable=False),
    Index("derived_moratoria_plan", "plan_id"),
)

# A change of the rules, and how far the plans that it concerns have been matched again: by plan id, in order.
rules_changes = Table(
    "rules_changes",
    metadata,
    Column("generation", BigInteger, primary_key=True),
    Column("cause", String(300), nullable=False, unique=True),  # the records of the log that it came of
    Column("concerns", Text, nullable=False),  # JSON: boxes of what is concerned; null for everything
    Column("after_plan", String(240), nullable=False),
    Column("matched", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=True),
)

RULES = "rules"
"""The name in `view_settings` under which the generation of the rules stands, and the moment they were taken at."""

FIRST_RULES = '{"generation": 0, "as_of": null}'


def add_rules(connection: Connection, crs: int) -> None:
    """Note that no rules were taken yet, so that there is a row to lock. Safe to call again."""
    if connection.scalar(select(view_settings.c.name).where(view_settings.c.name == RULES)) is None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(view_settings).values(name=RULES, value=FIRST_RULES).on_conflict_do_nothing())

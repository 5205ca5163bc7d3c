"""Tables of the shared view. Owner: coordination.

Geometry is WKB in the hub's CRS. What only one dialect has (R*Tree; PostGIS columns) is added by `view_spatial`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from meekoppel_hub.platform.database.tables.base import CountingKey, UtcDateTime, metadata

# The newest accepted version of each plan, in one narrow row: what is listed and what matching needs to know, without
# decoding its event. The event itself stands once, in `plan_versions`; `NEWEST` joins the two. Moments that end in
# `_us` are microseconds since 1970. No index on what changes often: an update then stays within its page.
plans = Table(
    "plans",
    metadata,
    Column("plan_id", String(240), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("event_type", String(16), nullable=False),
    Column("publisher", String(64), nullable=False),
    Column("initiator", String(64), nullable=False),
    Column("title", String(100), nullable=False),
    Column("status", String(16), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("certainty", String(16), nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("ended", String(16), nullable=True),  # withdrawn, or the status that ended it; null while it can meet others
    Column("firm", Boolean, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("starts_us", BigInteger, nullable=False),  # earliest start
    Column("latest_start_us", BigInteger, nullable=True),
    Column("earliest_end_us", BigInteger, nullable=True),
    Column("ends_us", BigInteger, nullable=False),  # latest end
    Column("precision", String(16), nullable=False),
    Column("shift_earlier_days", Integer, nullable=False),
    Column("shift_later_days", Integer, nullable=False),
    Column("disciplines", Text, nullable=False),  # sorted, with commas between; so are the two below
    Column("work_types", Text, nullable=False),
    Column("digs", Boolean, nullable=True),  # null when the plan does not say
    Column("area_m2", Float, nullable=True),  # of the excavation
    Column("trench_length_m", Float, nullable=True),
    Column("cooperates", Boolean, nullable=False),
    Column("cooperation_kinds", Text, nullable=False),
    Column("zones_hash", BigInteger, nullable=False),  # of all that is kept of its zones: equal hashes, equal zones
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("plans_initiator", "initiator"),
)

# Every accepted version, with the place in the log where it stands.
plan_versions = Table(
    "plan_versions",
    metadata,
    Column("plan_id", String(240), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("event_type", String(16), nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("topic", String(200), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("event", LargeBinary, nullable=False),
)

# Each plan with the event of its newest version.
NEWEST = plans.join(
    plan_versions, (plan_versions.c.plan_id == plans.c.plan_id) & (plan_versions.c.version == plans.c.version)
)

# The zones of the newest version, numbered from 0 in the order of the plan. The box is that of the geometry widened by
# its own buffer (points and lines by half their 0.25 m too), in metres. `role` tells which zones are matched. `periods`
# says when a zone holds, where that is not the whole period of its plan: JSON, pairs of microseconds since 1970.
plan_zones = Table(
    "plan_zones",
    metadata,
    Column("zone_key", CountingKey, primary_key=True, autoincrement=True),
    Column("plan_id", String(240), nullable=False),
    Column("zone_no", Integer, nullable=False),
    Column("role", String(16), nullable=False),
    Column("wkb", LargeBinary, nullable=False),
    Column("buffer_m", Float, nullable=False),
    Column("periods", Text, nullable=True),
    Column("min_x", Float, nullable=False),
    Column("min_y", Float, nullable=False),
    Column("max_x", Float, nullable=False),
    Column("max_y", Float, nullable=False),
    UniqueConstraint("plan_id", "zone_no"),
)

# Where zones of plans lay before they lay elsewhere: their boxes, for looking at the view as of an earlier moment.
# A row is made when zones change, never when a plan changes otherwise. Candidates, never the answer.
former_places = Table(
    "former_places",
    metadata,
    Column("place_key", CountingKey, primary_key=True, autoincrement=True),
    Column("plan_id", String(240), nullable=False),
    Column("min_x", Float, nullable=False),
    Column("min_y", Float, nullable=False),
    Column("max_x", Float, nullable=False),
    Column("max_y", Float, nullable=False),
    UniqueConstraint("plan_id", "min_x", "min_y", "max_x", "max_y"),
)

# Which plans each worker changed, one row for each of its transactions: by it the others keep what they hold in memory
# true. Not part of the view's content: rows go after some minutes, and after a crash all of them (`view_spatial` makes
# the table unlogged, and adds `xid` by which PostgreSQL tells what was committed since). Row 0 tells one such life from
# the next.
view_changes = Table(
    "view_changes",
    metadata,
    Column("seq", CountingKey, primary_key=True, autoincrement=True),
    Column("worker", String(64), nullable=False),
    Column("batch", BigInteger, nullable=False),  # counts the worker's own transactions
    Column("plans", Text, nullable=False),  # plan ids, a line each; of row 0 a name of this life
    Column("written_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,  # a number is never used again, also when the rows are gone
)

# What the view was made for, such as the EPSG number of its CRS.
view_settings = Table(
    "view_settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# Every pair that meets or met. It carries both versions, never goes back to an older one, and stays when resolved.
overlaps = Table(
    "overlaps",
    metadata,
    Column("overlap_id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),  # open, resolved
    Column("revision", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("first_plan", String(240), nullable=False),
    Column("first_version", BigInteger, nullable=False),
    Column("first_organisation", String(64), nullable=False),
    Column("second_plan", String(240), nullable=False),
    Column("second_version", BigInteger, nullable=False),
    Column("second_organisation", String(64), nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("ruleset", String(100), nullable=False),
    Column("area_m2", Float, nullable=False),
    Column("distance_m", Float, nullable=False),
    Column("overlap_days", Integer, nullable=False),
    Column("gap_days", Integer, nullable=False),
    Column("score", Integer, nullable=True),
    Column("explanation", Text, nullable=False),
    Column("location", LargeBinary, nullable=False),
    Column("detected_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("moratorium_id", String(240), nullable=True),  # in a breach: the same as second_plan
    Column("explanation_nl", Text, nullable=False, default=""),
    Column("score_parts", Text, nullable=True),  # JSON: part, points, weight; null for other kinds than opportunities
    Column("rulesets", Text, nullable=False, default=""),  # of all agreements that were applied, commas between
    Column("assess_by", UtcDateTime, nullable=True),
    Index("overlaps_first", "first_plan"),
    Index("overlaps_second", "second_plan"),
    Index("overlaps_state", "state", "kind"),
)

# Every revision of a pair that was told, with the event as it stands in `coordination` or `coordination-restricted`.
# A pair as of a moment is its highest revision recorded until then.
overlap_versions = Table(
    "overlap_versions",
    metadata,
    Column("overlap_id", String(32), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("first_organisation", String(64), nullable=False),
    Column("second_organisation", String(64), nullable=False),
    Column("restricted", Boolean, nullable=False),  # it was told in the restricted topic
    Column("detected_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("event", LargeBinary, nullable=False),
)


# What is made anew by a rebuild, from the log but for `view_changes`; and what older schemes had besides.
REBUILT = (plan_versions, plans, plan_zones, former_places, overlaps, overlap_versions, view_changes)
RETIRED = ("plan_facts",)

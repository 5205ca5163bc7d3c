"""Tables of consultation: what organisations said of overlaps, and what they agreed. Owner: consultation.

All of it but what waits follows from the topics: `meekoppel_hub.consultation.refill` makes it again.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from meekoppel_hub.platform.database.tables.base import CountingKey, UtcDateTime, metadata

# The newest state of everything that is numbered here, and of the overlaps as they were last told: framed Avro.
# `subject` is the overlap id, `<overlap id>/<organisation>`, cooperation id, area id, agreement id or moratorium id.
heads = Table(
    "consultation_heads",
    metadata,
    Column("contract", String(40), primary_key=True),
    Column("subject", String(300), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("topic", String(200), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

# Every state there was, but of overlaps: these stand in the log.
history = Table(
    "consultation_history",
    metadata,
    Column("contract", String(40), primary_key=True),
    Column("subject", String(300), primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("topic", String(200), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

# What became of each request, by which a resend is known.
requests = Table(
    "consultation_requests",
    metadata,
    Column("organisation", String(64), primary_key=True),
    Column("request_id", String(200), primary_key=True),
    Column("outcome", String(16), nullable=False),  # accepted, unchanged, refused
    Column("event_id", String(400), nullable=True),  # the first event that came of it
    Column("reason", String(40), nullable=True),
    Column("field", String(200), nullable=True),
    Column("message", Text, nullable=True),
    Column("decided_at", UtcDateTime, nullable=False),
)

# Requests that name what the hub does not know yet: the log may bring it any moment.
waiting = Table(
    "consultation_waiting",
    metadata,
    Column("id", CountingKey, primary_key=True, autoincrement=True),
    Column("organisation", String(64), nullable=False),
    Column("request_id", String(200), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("topic", String(200), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("key", LargeBinary, nullable=True),
    Column("value", LargeBinary, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    UniqueConstraint("organisation", "request_id"),
    Index("consultation_waiting_subject", "organisation", "subject"),
)

# What each of the two parties says of an overlap; revision 0 while it has said nothing. `judged_*` are the newest
# versions of both plans that are known here. `is_open` is false when the plans no longer meet.
assessments = Table(
    "assessments",
    metadata,
    Column("overlap_id", String(32), primary_key=True),
    Column("organisation", String(64), primary_key=True),
    Column("overlap_revision", BigInteger, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("first_plan", String(240), nullable=False),
    Column("first_version", BigInteger, nullable=False),
    Column("second_plan", String(240), nullable=False),
    Column("second_version", BigInteger, nullable=False),
    Column("assess_by", UtcDateTime, nullable=True),
    Column("revision", BigInteger, nullable=False),
    Column("answer", String(16), nullable=False),
    Column("to_reassess", Boolean, nullable=False),
    Column("opens_up", Boolean, nullable=False),
    Column("answered_at", UtcDateTime, nullable=True),
    Index("assessments_first", "first_plan"),
    Index("assessments_second", "second_plan"),
    Index("assessments_organisation", "organisation", "is_open", "answer"),
)

# The newest state of each cooperation. `*_acted` tell that the clock has done what a deadline that passed asks for.
cooperations = Table(
    "cooperations",
    metadata,
    Column("cooperation_id", String(100), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("state", String(32), nullable=False),
    Column("title", String(100), nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("lead", String(64), nullable=True),
    Column("restricted", Boolean, nullable=False),
    Column("answer_by", UtcDateTime, nullable=True),
    Column("answer_by_acted", Boolean, nullable=False),
    Column("add_works_by", UtcDateTime, nullable=True),
    Column("add_works_by_acted", Boolean, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("cooperations_state", "state"),
)

cooperation_parties = Table(
    "cooperation_parties",
    metadata,
    Column("cooperation_id", String(100), primary_key=True),
    Column("organisation", String(64), primary_key=True),
    Column("answer", String(16), nullable=False),
    Column("answered_at", UtcDateTime, nullable=True),
    Index("cooperation_parties_organisation", "organisation"),
)

cooperation_plans = Table(
    "cooperation_plans",
    metadata,
    Column("cooperation_id", String(100), primary_key=True),
    Column("plan_id", String(240), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Index("cooperation_plans_plan", "plan_id"),
)

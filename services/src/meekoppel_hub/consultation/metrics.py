"""The measures of consultation, each with what it means and what an operator does about it."""

from __future__ import annotations

from prometheus_client import Counter

# What became of requests, by contract (empty where it could not be read). When `refused` rises for long: the rejections
# topics say why. When `resent` rises without end: a client never sees its acknowledgements.
REQUESTS = Counter(
    "meekoppel_consultation_requests", "Requests of organisations, by what became of them", ["contract", "outcome"]
)

# Answers that were set back or closed since a plan or an overlap changed. Nothing to do.
SET_BACK = Counter("meekoppel_consultation_set_back", "Assessments that were set back or closed by a change", ["cause"])

# What the clock did: deadlines of cooperations that passed. Nothing to do.
DEADLINES = Counter(
    "meekoppel_consultation_deadlines", "Deadlines of cooperations that passed and were acted on", ["deadline"]
)

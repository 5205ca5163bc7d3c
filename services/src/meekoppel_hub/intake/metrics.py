"""The metrics of intake."""

from __future__ import annotations

from prometheus_client import Counter

# What became of the events that organisations sent. When `rejected` rises for one organisation: its rejections topic
# says why. When `resent` rises without end: its connector never sees its acknowledgements.
EVENTS = Counter(
    "meekoppel_intake_events",
    "Events that organisations sent, by what became of them.",
    ["organisation", "outcome"],
)

# Why events were rejected. When `wrong_key` or `missing_sequence` rises: the sender does not use the connector.
REJECTIONS = Counter(
    "meekoppel_intake_rejections",
    "Events that intake did not accept, by reason.",
    ["organisation", "reason"],
)

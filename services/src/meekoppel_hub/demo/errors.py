"""What can go wrong in the demonstration itself."""

from __future__ import annotations

from meekoppel_hub.platform.errors import HubError


class DemoFailed(HubError):
    """The demonstration cannot go on; the message is one sentence that says why."""

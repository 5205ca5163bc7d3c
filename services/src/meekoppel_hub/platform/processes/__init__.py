"""Child processes that end with their parent, however the parent ends."""

from meekoppel_hub.platform.processes.guarded import GuardedProcess

__all__ = ["GuardedProcess"]

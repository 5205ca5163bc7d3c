"""What a connector remembers between runs: the last snapshot, the outbox, runs and rejected rows."""

from meekoppel_connectors.state.store import ConnectorState, open_state

__all__ = ["ConnectorState", "open_state"]

"""Notifications: who is affected by a change, and telling them: in order, at least once, never lost."""

"""Databases: `query` is the source."""

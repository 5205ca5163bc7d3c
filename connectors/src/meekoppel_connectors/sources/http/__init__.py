"""Asking a server by HTTP: `client` is the way in, for every source that does."""

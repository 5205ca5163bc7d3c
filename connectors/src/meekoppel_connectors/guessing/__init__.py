"""Guessing a configuration from a source that nobody has described: samples in, guesses with reasons out."""

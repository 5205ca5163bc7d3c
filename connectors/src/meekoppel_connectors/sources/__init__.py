"""Readers of the formats that organisations export, one file per family. The entry is `sources.opening.open_source`."""

"""Ready mappings of real sources, to copy and adapt."""

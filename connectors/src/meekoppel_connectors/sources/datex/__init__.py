"""DATEX II: situations and their records, and where they lie."""

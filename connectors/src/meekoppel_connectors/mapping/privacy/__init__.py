"""Keeping persons out of the log: what is found in texts and contacts, and how it is masked. The entry is `masking`."""

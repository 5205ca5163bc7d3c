"""Putting the contracts into a schema registry that an organisation has already, and learning its ids.

It needs the extra `tools`; the rest of the package does not import it.
"""

from meekoppel_contracts.publishing.client import AUTH_VARIABLE, RegistryClient
from meekoppel_contracts.publishing.publish import LEVEL, Published, Step, given_ids, publish

__all__ = ["AUTH_VARIABLE", "LEVEL", "Published", "RegistryClient", "Step", "given_ids", "publish"]

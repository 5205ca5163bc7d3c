"""What is generated from the contracts: AsyncAPI, JSON Schema, golden vectors, a page per contract.

`meekoppel-contracts generate` writes it; a test fails when what is checked in is stale. Whatever reads or writes events
does not import this.
"""

from meekoppel_contracts.documents.all import documents
from meekoppel_contracts.documents.files import GeneratedFolder, stale, write

__all__ = ["GeneratedFolder", "documents", "stale", "write"]

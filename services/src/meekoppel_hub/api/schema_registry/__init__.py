"""The contracts in the form of Confluent's Schema Registry, read only, for any client that knows one.

Source: Confluent Schema Registry API reference, version 1 (`application/vnd.schemaregistry.v1+json`).
"""

from meekoppel_hub.api.schema_registry.app import PREFIX, create_schema_registry

__all__ = ["PREFIX", "create_schema_registry"]

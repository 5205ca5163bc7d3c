"""A local PostgreSQL with PostGIS, for tests and trials on one machine."""

from meekoppel_hub.platform.postgres.programs import PostgresPrograms, find_postgres
from meekoppel_hub.platform.postgres.server import LocalPostgres, start_postgres

__all__ = ["LocalPostgres", "PostgresPrograms", "find_postgres", "start_postgres"]

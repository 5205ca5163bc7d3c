"""The database in which services meet: SQLite or PostgreSQL, by SQLAlchemy Core."""

from meekoppel_hub.platform.database.engine import Database, open_database

__all__ = ["Database", "open_database"]

"""What every service stands on: Kafka, database, settings, logs, health. Knows no service."""

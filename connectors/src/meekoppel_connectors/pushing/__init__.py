"""A connector that is pushed to: a small HTTP server whose answer means that the plans are in the outbox."""

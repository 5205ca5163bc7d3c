"""The `meekoppel` command: one file per group of commands."""

"""Running a connector day after day: at set times, with heartbeats, logs and metrics, until it is told to stop."""

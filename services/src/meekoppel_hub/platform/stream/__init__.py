"""The one core through which every service consumes: it keeps the rules of the log."""

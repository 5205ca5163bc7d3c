"""Intake: what organisations send becomes numbered history, or goes back to them with a reason."""

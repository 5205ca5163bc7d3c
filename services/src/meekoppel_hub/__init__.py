"""Meekoppel's hub: services that fold the log of plan changes into one coordination view, and tell who is affected."""

__version__ = "0.1.0"

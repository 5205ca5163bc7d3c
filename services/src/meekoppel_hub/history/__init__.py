"""History: the log read again, from any point, by anyone who may."""

"""Consultation: what organisations say of overlaps, propose to one another and declare, by way of their own topic."""

"""Coordination: fold the log into the shared view, and find where plans meet.

The way of a batch: `consume` decodes and keeps the two phases, `fold` turns plan events into rows of the view,
`store` saves them and finds candidates, `matching` decides by the rules of the `agreement`, `events` tells what
became of a pair.
"""

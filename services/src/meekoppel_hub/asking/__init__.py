"""Asking: requests for an organisation's coordination inbox, for those who do not write to Kafka themselves.

The API and the commands go the same way as everybody: into the inbox. What became of a request stands in the tables.
"""

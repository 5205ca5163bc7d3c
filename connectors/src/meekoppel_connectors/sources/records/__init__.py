"""Records within records: XML and JSON, and the feeds of road works that are such files."""

"""Linked Data Event Streams: `stream` is the source; the way of a page is `walk`, `page`, `members`, `spool`."""

"""The demonstration: a made-up Dutch town, eight made-up organisations, and a month of their plans on a real hub."""

"""Files of the view for planners: tables, maps, a calendar, and the report of an area."""

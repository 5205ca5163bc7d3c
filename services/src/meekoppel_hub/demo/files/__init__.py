"""Writers of the file formats in which the organisations export; one format per file."""

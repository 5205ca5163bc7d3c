"""Sources of rows, one file per family of formats. What an author writes is in `source`; `opening` finds the class."""

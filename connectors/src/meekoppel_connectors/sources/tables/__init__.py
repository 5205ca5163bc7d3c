"""Tables of cells: CSV files and workbooks, and how their headers are found."""

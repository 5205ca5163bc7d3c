"""Services that answer page by page: OGC API Features and WFS."""

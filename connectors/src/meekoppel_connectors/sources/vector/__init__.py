"""Files with geometry of their own, read through GDAL."""

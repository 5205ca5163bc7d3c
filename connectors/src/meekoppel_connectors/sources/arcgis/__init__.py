"""ArcGIS feature services: `feature_service` is the source."""

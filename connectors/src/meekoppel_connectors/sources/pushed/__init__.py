"""What others push to the connector, as `serve` takes it; messages of Street Manager also as files."""

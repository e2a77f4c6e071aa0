"""A city's road graph: import, snapping, travel times and paths by hour, road class and vehicle."""

"""Road sources: one reader per file, each returning a `roads.raw.RawCity`."""

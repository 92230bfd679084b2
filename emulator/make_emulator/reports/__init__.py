"""Reports about a world: request queries, HAR export, access, coverage, and the view of execution traces."""

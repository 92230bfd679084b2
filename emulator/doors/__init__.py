"""The other ways into a world."""

"""Fleet: several processes, each with some of the worlds, behind one address."""

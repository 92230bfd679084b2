"""The contract suite is tested: as a package, for its modules have names that others have too."""

"""Regular expressions of JavaScript."""

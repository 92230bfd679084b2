"""State of an emulated Make, independent of HTTP."""

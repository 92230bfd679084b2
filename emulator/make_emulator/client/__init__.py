"""Client of the control API."""

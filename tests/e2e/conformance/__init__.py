"""The conformance suite of the Model Context Protocol, and its inspector."""

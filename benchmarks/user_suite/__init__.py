"""A user's test suite: the same test with hand-written stubs, with `mock_make`, and with a server."""

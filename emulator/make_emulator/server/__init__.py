"""The embedded server: WSGI, TLS, logging, persistence."""

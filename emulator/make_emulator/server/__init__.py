"""Embedded WSGI server with TLS, logging and persistence."""

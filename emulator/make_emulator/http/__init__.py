"""Requests to the emulated API: pipelines, endpoint declarations, errors, paging, OpenAPI."""

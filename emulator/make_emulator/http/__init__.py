"""HTTP: pipeline, endpoint declarations, errors, paging, OpenAPI."""

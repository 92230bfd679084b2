"""Schemas of requests and responses: one module a resource group, written with marshmallow."""

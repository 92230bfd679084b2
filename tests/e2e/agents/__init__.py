"""Clients of the MCP server."""

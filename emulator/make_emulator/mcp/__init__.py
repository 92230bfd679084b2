"""MCP server: scenarios and the management of Make as tools of AI agents."""

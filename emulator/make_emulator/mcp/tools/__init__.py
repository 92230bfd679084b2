"""Tools of the MCP server: scenarios as tools, and management tools that call the REST API."""

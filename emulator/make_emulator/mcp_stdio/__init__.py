"""MCP server over standard input and output: a bridge to the MCP server of an emulator, with tools of the emulator itself."""

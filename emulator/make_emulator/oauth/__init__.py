"""OAuth 2.0 authorization server: metadata, authorization, tokens, revocation, registration of clients, OpenID Connect.

It stands for two issuers of Make that share its endpoints: that of apps of the API, and that of MCP clients, which register
themselves. The consent page is one of `make_emulator.dashboard`. No library decides about protocol rules here, since their
clocks are the system's; joserfc signs tokens.
"""

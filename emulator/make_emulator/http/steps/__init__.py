"""What a request passes before its endpoint: journal, authentication, authorization, rate limit."""

"""Clients that speak HTTPS only, and what they need to trust the emulator."""

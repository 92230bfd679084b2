"""Proxy in front of a zone of Make: passes calls, records them, enforces the grants of an agent, and compares with the emulator."""

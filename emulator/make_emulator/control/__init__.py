"""Control API under ``/_emulator``."""

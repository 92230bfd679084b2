"""HTML pages under ``/_emulator``."""

"""Date functions."""

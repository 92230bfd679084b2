"""Maintenance scripts of the repository; none is shipped."""

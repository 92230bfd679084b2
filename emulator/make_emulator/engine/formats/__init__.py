"""Text formats that modules parse and write."""

"""Scheduling of runs: schedules, retries, sequential processing."""

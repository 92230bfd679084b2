"""Scheduling: due times, retries, queues of hooks, and the scheduler that runs what is due."""

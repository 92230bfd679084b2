"""Replay of recorded traffic: the requests of an HTTP archive are sent to a fresh world, and the responses compared."""

"""Runtime: interprets a blueprint, and records the run as an execution."""

"""Mock data: inference of constraints and generation of values."""

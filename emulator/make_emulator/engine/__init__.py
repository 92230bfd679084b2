"""Engine: parses blueprints, evaluates expressions, and runs and schedules scenarios over a world, without HTTP."""

"""Contract suite: tests of the behaviours that clients rely on, against an emulator or a real zone."""

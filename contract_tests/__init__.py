"""The contract suite: what clients rely on, asked of an emulator or of a real zone; it never learns which."""

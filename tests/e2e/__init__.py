"""Real clients, from their own package registries, against the emulator over real sockets."""

"""The state of an emulated Make: it has never heard of HTTP."""

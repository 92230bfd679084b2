"""Fleet: several processes, each with some of the worlds, behind one address."""

#: Key of the WSGI environment that is true for a request whose connection came to the right worker.
ROUTED_KEY = "make-emulator.routed"

"""Runs one blueprint in a world of its own, without a server, and tells what each module was given and gave."""

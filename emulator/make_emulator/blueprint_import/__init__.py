"""Import of exported blueprints: files, stubs of the resources that they refer to, and scenarios of a world."""

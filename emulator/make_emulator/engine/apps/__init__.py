"""The apps, one file each; modules of all other apps are simulated."""

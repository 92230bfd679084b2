"""The first ten minutes of each kind of user, replayed from the documentation alone: in a clean folder, against the installed package."""

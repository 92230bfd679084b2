"""``python -m make_emulator``: the same as the command ``make-emulator``."""

from .cli.main import main

if __name__ == "__main__":
    main(prog_name="make-emulator")

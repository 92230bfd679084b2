"""The command line. Errors are one line on stderr: exit 2 for usage, 1 for failure."""

from __future__ import annotations

import click

from ..version import __version__
from . import remote, seeds, zone
from .balancer import balancer
from .contract import contract
from .errors import CommandGroup
from .explain import explain
from .fidelity import fidelity
from .import_blueprints import import_blueprints
from .lint import lint
from .mcp import mcp
from .mend import mend
from .modules import modules
from .options import ENV_PREFIX
from .routes import routes
from .serve import serve
from .survey import survey


@click.group(
    cls=CommandGroup,
    context_settings={"auto_envvar_prefix": ENV_PREFIX, "help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="make-emulator")
def main() -> None:
    """A local emulator of the Make API v2."""


for _command in (
    serve,
    balancer,
    seeds.init,
    seeds.validate,
    remote.snapshot,
    remote.reset,
    remote.world,
    remote.access_report,
    import_blueprints,
    zone.pull,
    zone.diff,
    explain,
    survey,
    contract,
    lint,
    mcp,
    mend,
    modules,
    routes,
    fidelity,
):
    main.add_command(_command)

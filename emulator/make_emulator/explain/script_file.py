"""Parser for files of module scripts."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import yaml

from ..engine.runtime import module_scripts
from ..world.models import ModuleScript


def parse_scripts(data: bytes) -> Iterator[ModuleScript]:
    """Parses module scripts: ``app:Module`` -> ``{"output"?, "error"?, "times"?, "durationMs"?}``, as YAML.

    Raises:
        ValueError: if the file has another format.
    """
    try:
        held = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"not YAML: {' '.join(str(error).split()) or 'nested too deep'}") from None
    if held is not None and not isinstance(held, dict):
        raise ValueError("it must map names of modules to their outputs")
    for module, script in (held or {}).items():
        yield _parse_script(module, script)


def _parse_script(module: object, script: object) -> ModuleScript:
    if not isinstance(module, str) or not isinstance(script, dict):
        raise ValueError(f"{module!r} must have one of: {', '.join(module_scripts.FIELDS)}")
    for name, value in script.items():
        if name not in module_scripts.FIELDS:
            raise ValueError(
                f"{module}: unknown field {name!r}; there are: {', '.join(module_scripts.FIELDS)}"
            )
        if type(value) not in module_scripts.FIELDS[name]:
            raise ValueError(f"{module}: invalid value of {name!r}")
    try:
        # YAML has dates and sets, bundles only JSON values.
        return module_scripts.parse_script(module, orjson.loads(orjson.dumps(script)))
    except ValueError as error:
        raise ValueError(f"{module}: {str(error).rstrip('.')}") from None

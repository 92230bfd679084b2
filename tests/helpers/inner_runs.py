"""Modules that each test run within this process would import anew, though only one copy of them is patched: import this to keep one."""

from __future__ import annotations

import requests

from make_emulator.seeds import yaml_reader
from make_emulator.testing import emulator, interception, transports

assert all((requests, yaml_reader, emulator, interception, transports))

"""The image, built once for all tests of a session, and containers of it without a daemon."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from helpers.sharing import share

ROOT = Path(__file__).parents[3]
REQUIRED = "MAKE_EMULATOR_REQUIRE_IMAGE_TESTS"
IMAGE = "localhost/make-emulator"

#: Mounts the root file system of the container, its only writable folder, and its volumes, and runs a command there.
_RUN = """
set -eu
root=$1; volumes=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for volume in $volumes; do mount --bind "${volume%%:*}" "$root${volume#*:}"; done
mount -o remount,ro,bind "$root"
exec "$@"
"""


@dataclass
class Container:
    """A container of the image with a root file system that cannot be written, on the network of this machine.

    Args:
        root: the root file system of the image.
        config: the configuration of the image.
        variables: further variables of the environment.
        volumes: folders of this machine by where they are mounted; their names have no spaces.
    """

    root: Path
    config: Mapping[str, Any]
    variables: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Path] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        environment = [*self.config["Env"], *(f"{name}={value}" for name, value in self.variables.items())]
        volumes = " ".join(f"{source}:{target}" for target, source in self.volumes.items())
        chroot = shutil.which("chroot") or "chroot"
        inner = ["env", "-i", *environment, chroot, f"--userspec={self.config['User']}", str(self.root)]
        # Each replaces the one before, so that a signal reaches the program of the image.
        isolate = ["unshare", "--mount", "sh", "-c", _RUN, "sh"]
        return [*isolate, str(self.root), volumes, *inner, *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), capture_output=True, encoding="utf-8", timeout=60, check=False
        )

    @contextmanager
    def start(self, *arguments: str) -> Iterator[str]:
        """Runs what the image runs by itself, or these arguments, and yields the lines that it prints up to the dashboard's."""
        command = [*self.config["Entrypoint"], *(arguments or self.config["Cmd"])]
        with subprocess.Popen(
            self.command(*command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
        ) as process:
            try:
                assert process.stdout is not None
                printed = ""
                while not re.search(r"^  control key .*\n|^  dashboard +[^#\n]+\n", printed, re.MULTILINE):
                    line = process.stdout.readline()
                    assert line, printed
                    printed += line
                yield printed
                process.terminate()
                assert process.wait(timeout=60) == 0
            finally:
                process.kill()


def _missing_requirement() -> str | None:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the image is built and run by root on Linux"
    missing = [name for name in ("buildah", "unshare", "chroot") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


def _skip(reason: str) -> None:
    """Skips the test, or lets it fail if the tests of the image are required."""
    if os.environ.get(REQUIRED):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with ``root``, the root file system of the image, and ``config.json``."""
    if (missing := _missing_requirement()) is not None:
        _skip(missing)
    return share(tmp_path_factory, "image", _build)


@pytest.fixture
def container(image: Path) -> Container:
    """A container at a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    config = json.loads((image / "config.json").read_text("utf-8"))
    return Container(image / "root", config, {"MAKE_EMULATOR_PORT": port})


def _build(folder: Path) -> None:
    storage = folder / "storage"
    options = [f"--root={storage / 'root'}", f"--runroot={storage / 'run'}", "--storage-driver=vfs"]

    def buildah(*arguments: str, timeout: float = 400) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["buildah", *options, *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    try:
        _find_base_image(buildah, options)
        built = buildah(
            "bud", "--isolation=chroot", "--format=docker", *_ways_to_the_index(), "-t", IMAGE, str(ROOT)
        )
        if built.returncode:
            pytest.fail(
                f"the image cannot be built:\n{built.stdout[-3000:]}{built.stderr[-3000:]}", pytrace=False
            )
        inspected = json.loads(buildah("inspect", "--type=image", IMAGE).stdout)
        (folder / "config.json").write_text(json.dumps(inspected["Docker"]["config"]), "utf-8")
        name = buildah("from", "--pull-never", IMAGE).stdout.strip()
        mounted = buildah("mount", name).stdout.strip()
        subprocess.run(["cp", "-a", mounted, str(folder / "root")], check=True, timeout=120)
        buildah("umount", name)
    finally:
        shutil.rmtree(storage, ignore_errors=True)


def _find_base_image(buildah: Any, options: Sequence[str]) -> None:
    """Pulls the base image; where there is no registry, and the tests are required, it is made from Debian's packages."""
    [base] = set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))
    pulled = buildah("pull", "--quiet", f"docker.io/library/{base}")
    if pulled.returncode == 0:
        return
    reason = f"the base image cannot be pulled: {pulled.stderr.strip().splitlines()[-1][-200:]}"
    if not os.environ.get(REQUIRED):
        pytest.skip(reason)
    if shutil.which("debootstrap") is None:
        pytest.fail(f"{reason}; with debootstrap a substitute is made", pytrace=False)
    made = subprocess.run(
        [str(Path(__file__).parent / "base_image.sh"), f"docker.io/library/{base}", *options],
        capture_output=True,
        encoding="utf-8",
        timeout=400,
        check=False,
    )
    if made.returncode:
        pytest.fail(f"{reason}; the substitute cannot be made:\n{made.stderr[-3000:]}", pytrace=False)


def _ways_to_the_index() -> list[str]:
    """Volumes by which a build reaches the package index as this machine does, through a proxy or a mirror."""
    paths = [Path("/etc/ssl/certs"), Path("/etc/pip.conf")]
    return [f"--volume={path}:{path}:ro" for path in paths if path.exists()]

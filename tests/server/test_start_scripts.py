"""Start scripts: their order, their environment, and how they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.waiting import wait_until
from make_emulator.server.start_scripts import StartScripts, find_scripts

WRITE = "import os, sys; open(os.environ['OUT'], 'a').write(sys.argv[0].rpartition(os.sep)[2] + ' ' + os.environ['X'] + '\\n')\n"


def start(scripts: list[Path], variables: Mapping[str, str], ends: list[str]) -> StartScripts:
    started = StartScripts(scripts, variables, lambda: ends.append("end"))
    started.start()
    return started


def test_the_scripts_of_a_folder_are_run_by_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for name in ("20-second.py", "10-first.py", ".hidden.py"):
        (folder / name).write_text(WRITE)
    (folder / "nested").mkdir()
    last = tmp_path / "last.py"
    last.write_text(WRITE)
    scripts = find_scripts([folder, last])
    out, ends = tmp_path / "out.txt", list[str]()
    started = start(scripts, {"OUT": str(out), "X": "1"}, ends)
    started.join()
    assert (started.failure, ends) == (None, ["end"])
    assert out.read_text() == "10-first.py 1\n20-second.py 1\nlast.py 1\n"


@pytest.mark.skipif(os.name != "posix", reason="programs of POSIX")
def test_programs_are_run_themselves_and_shell_scripts_need_no_permission(tmp_path: Path) -> None:
    program, shell = tmp_path / "program", tmp_path / "script.sh"
    program.write_text(f"#!{sys.executable}\n{WRITE}")
    program.chmod(0o755)
    shell.write_text('printf "shell %s\\n" "$X" >> "$OUT"\n')
    out, ends = tmp_path / "out.txt", list[str]()
    start([program, shell], {"OUT": str(out), "X": "a b"}, ends).join()
    assert out.read_text() == "program a b\nshell a b\n"
    assert ends == ["end"]


def test_a_script_that_fails_is_the_last(tmp_path: Path) -> None:
    bad, other = tmp_path / "bad.py", tmp_path / "other.py"
    bad.write_text("raise SystemExit(3)")
    other.write_text(WRITE)
    out, ends = tmp_path / "out.txt", list[str]()
    started = start([bad, other], {"OUT": str(out), "X": ""}, ends)
    started.join()
    assert started.failure == f"start script {bad} ended with exit code 3"
    assert (ends, out.exists()) == ([], False)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_program_that_cannot_be_run_is_a_failure(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    started = start([program], {}, [])
    started.join()
    assert started.failure == f"start script {program} cannot be run: Permission denied"


@pytest.mark.skipif(os.name != "posix", reason="processes of POSIX")
def test_a_stop_ends_the_script_and_what_it_started(tmp_path: Path) -> None:
    script, out = tmp_path / "script.sh", tmp_path / "pids.txt"
    script.write_text('sleep 600 &\necho "$! $$" > "$OUT.new"\nmv "$OUT.new" "$OUT"\nwait\n')
    ends: list[str] = []
    started = start([script, script], {"OUT": str(out)}, ends)
    wait_until(out.exists)
    pids = [int(pid) for pid in out.read_text().split()]
    started.stop()
    wait_until(lambda: not any(map(_is_running, pids)))
    assert (started.failure, ends) == (None, [])


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that has ended, and whose parent has not asked for it yet.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"

"""The npm package: what it holds, its types, and its tests with vitest and jest."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from make_emulator import __version__
from make_emulator.cli import installation
from make_emulator.cli.main import main

from .conftest import PACKAGE, ROOT, Project

pytestmark = pytest.mark.e2e


def test_the_tarball_holds_the_build_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {member.name.removeprefix("package/") for member in archive.getmembers()}
    others = {name for name in names if not re.fullmatch(r"dist/(esm|cjs)/[\w/-]+\.(js|d\.ts)", name)}
    assert others == {"LICENSE", "README.md", "package.json", "jest-preset.json", "dist/cjs/package.json"}
    sources = {
        path.relative_to(PACKAGE / "src").with_suffix("").as_posix()
        for path in (PACKAGE / "src").rglob("*.ts")
    }
    assert {f"dist/esm/{name}.js" for name in sources} <= names
    assert {
        f"dist/cjs/{name}.d.ts" for name in sources if name != "cli" and not name.startswith("vitest/")
    } <= names


def test_the_package_has_no_dependencies_and_the_version_of_the_program(installed: Path) -> None:
    manifest = json.loads((installed / "make-emulator/package.json").read_text("utf-8"))
    assert manifest["version"] == __version__
    assert f"VERSION = '{__version__}'" in (PACKAGE / "src/version.ts").read_text("utf-8")
    assert not {"dependencies", "optionalDependencies", "bundleDependencies"} & manifest.keys()
    assert all(each["optional"] for each in manifest["peerDependenciesMeta"].values())
    assert manifest["peerDependencies"].keys() == manifest["peerDependenciesMeta"].keys()
    assert (installed / "make-emulator/LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    locked = json.loads((PACKAGE / "package-lock.json").read_text("utf-8"))["packages"]
    assert locked[""]["version"] == __version__
    assert not any("resolved" in each for each in locked.values())


def test_doctor_knows_the_variables_of_the_package() -> None:
    names = {
        name
        for path in (PACKAGE / "src").rglob("*.ts")
        for name in re.findall(r"\bMAKE_EMULATOR_[A-Z_]+\b", path.read_text("utf-8"))
    }
    assert {"MAKE_EMULATOR_URL", "MAKE_EMULATOR_PYTHON"} <= names <= installation.known_variables(main)


def test_every_entry_point_is_a_file(installed: Path) -> None:
    folder = installed / "make-emulator"
    manifest = json.loads((folder / "package.json").read_text("utf-8"))
    targets = [manifest["bin"]["make-emulator"]]
    for target in manifest["exports"].values():
        targets += [target] if isinstance(target, str) else target.values()
    for target in targets:
        assert (folder / target).is_file(), target
        if target.endswith(".js"):
            assert (folder / target).with_suffix(".d.ts").is_file(), target


def copy_tests(project: Project) -> None:
    shutil.copytree(PACKAGE / "tests", project.folder / "tests")
    shutil.copy(PACKAGE / "tsconfig.json", project.folder)


_VITEST_CONFIG = """
import { makeEmulator } from 'make-emulator/vitest/plugin';

export default { plugins: [makeEmulator()] };
"""


def test_its_tests_pass_with_vitest_and_the_vendors_sdk(project: Project) -> None:
    copy_tests(project)
    config = "--config=tests/vitest.config.ts"
    done = project.run_tool("vitest", "run", config, "--reporter=json", "--outputFile=report.json")
    report = json.loads((project.folder / "report.json").read_text("utf-8"))
    failures = [each["message"] for each in report["testResults"] if each["status"] != "passed"]
    assert (failures, done.returncode) == ([], 0)
    assert report["numPassedTests"] == report["numTotalTests"] >= 20
    assert {Path(each["name"]).name for each in report["testResults"]} == {"sdk.test.ts", "world.test.ts"}


def test_a_failed_test_of_vitest_shows_the_requests_of_its_world(project: Project) -> None:
    shutil.copytree(PACKAGE / "tests/failing", project.folder, dirs_exist_ok=True)
    project.write({"vitest.config.ts": _VITEST_CONFIG})
    done = project.run_tool("vitest", "run")
    assert done.returncode == 1
    assert (
        "Requests to the Make world:\n  Ada Maker (token admin): GET /teams/1 in organization 1 -> 200"
        in done.stderr
    )


@pytest.mark.parametrize("has_others", [False, True])
def test_the_workers_of_vitest_trust_a_server_with_tls(
    project: Project, tmp_path: Path, has_others: bool
) -> None:
    config = _VITEST_CONFIG.replace("makeEmulator()", "makeEmulator({ tls: true })")
    test = """
    import { test } from 'make-emulator/vitest';
    import { expect } from 'vitest';

    test('the API is called', async ({ world }) => {
      expect(world.protocol).toBe('https');
      expect((await world.fetch('/users/me')).status).toBe(200);
    });
    """
    project.write({"vitest.config.ts": config, "tls.test.ts": test})
    environment = {
        name: value for name, value in project.environment.items() if name != "NODE_EXTRA_CA_CERTS"
    }
    if has_others:
        authority = tmp_path / "company.pem"
        authority.write_bytes(trustme.CA().cert_pem.bytes())
        environment["NODE_EXTRA_CA_CERTS"] = str(authority)
    done = replace(project, environment=environment).run_tool("vitest", "run")
    assert done.returncode == 0, done.stdout + done.stderr


def test_vitest_without_the_plugin_is_an_error_that_names_it(project: Project) -> None:
    shutil.copytree(PACKAGE / "tests/failing", project.folder, dirs_exist_ok=True)
    done = project.run_tool("vitest", "run")
    assert done.returncode == 1
    assert "No emulator was started for this test run. Add the plugin to vitest.config" in done.stderr


def test_its_tests_pass_with_jest(project: Project) -> None:
    shutil.copytree(PACKAGE / "tests/jest", project.folder / "jest")
    project.write({"package.json": '{"jest": {"preset": "make-emulator"}}'})
    done = project.run_tool("jest", "--json", "--outputFile=report.json", "world")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((project.folder / "report.json").read_text("utf-8"))
    assert (report["numPassedTests"], report["numTotalTests"]) == (2, 2)


def test_a_failed_test_of_jest_shows_the_requests_of_its_world(project: Project) -> None:
    shutil.copytree(PACKAGE / "tests/jest", project.folder / "jest")
    config = '{"jest": {"preset": "make-emulator", "testMatch": ["**/failing.js"]}}'
    project.write({"package.json": config})
    done = project.run_tool("jest", "--colors=false")
    assert done.returncode == 1
    assert (
        "Requests to the Make world:\n      Ada Maker (token admin): GET /teams/1 in organization 1 -> 200"
        in done.stderr
    )
    assert 'thrown: "a text"' in done.stderr


def test_jest_without_the_preset_is_an_error_that_names_it(project: Project) -> None:
    shutil.copytree(PACKAGE / "tests/jest", project.folder / "jest")
    project.write({"package.json": "{}"})
    done = project.run_tool("jest", "--colors=false", "world")
    assert done.returncode == 1
    assert "No emulator was started for this test run. Add preset: 'make-emulator'" in done.stderr


# --- types ---------------------------------------------------------------------------------------

_RIGHT = """
import { ControlError, startEmulator, type Emulator, type Plan, type RequestRow, type World } from 'make-emulator';
import { useWorld } from 'make-emulator/jest';

export async function use(): Promise<string> {
  await using emulator: Emulator = await startEmulator({ seed: 'default', tls: false, settings: { unmatched: 'fail' } });
  const world: World = await emulator.createWorld({ plan: 'core', scopes: ['teams:read'] });
  const plan: Plan = world.plan;
  const rows: RequestRow[] = await world.requests.all({ status: '4xx' });
  const { now } = await emulator.control.call('POST /worlds/{name}/clock/advance', {
    path: { name: world.name },
    body: { seconds: 60 },
  });
  const execution = await world.execution('1');
  for (const decision of execution.decisions) {
    if (decision.event === 'filter') {
      decision.conditions.flat().map((condition) => condition.holds);
    }
  }
  try {
    await emulator.control.call('GET /worlds');
  } catch (error) {
    if (error instanceof ControlError && error.status === 404) {
      return error.message;
    }
  }
  return plan + now + rows.length + useWorld({ zone: 'eu1' }).world.name;
}
"""

_WRONG = """
import { startEmulator } from 'make-emulator';

export async function use(): Promise<void> {
  const emulator = await startEmulator();
  const world = await emulator.createWorld();
  // @ts-expect-error there is no such plan
  await emulator.createWorld({ plan: 'huge' });
  // @ts-expect-error there is no such fault
  await world.faults.add({ action: 'explode' });
  // @ts-expect-error there is no such route
  await emulator.control.call('GET /nothing');
  // @ts-expect-error the path of the route needs a name
  await emulator.control.call('GET /worlds/{name}/clock');
  // @ts-expect-error the route has no such field
  await emulator.control.call('PATCH /worlds/{name}/clock', { path: { name: 'a' }, body: { later: true } });
  // @ts-expect-error the route needs a body
  await emulator.control.call('POST /worlds/{name}/tokens', { path: { name: 'a' } });
  // @ts-expect-error there is no such setting
  await world.changeSettings({ unmatchd: 'fail' });
  // @ts-expect-error a step has no such member
  (await world.steps('1'))[0]?.outputs;
}
"""


@pytest.mark.parametrize(
    ("ending", "module", "resolution"),
    [("mts", "nodenext", "nodenext"), ("cts", "nodenext", "nodenext"), ("ts", "esnext", "bundler")],
)
def test_the_types_hold_for_strict_users(project: Project, ending: str, module: str, resolution: str) -> None:
    options = {
        "strict": True,
        "exactOptionalPropertyTypes": True,
        "skipLibCheck": False,
        "noEmit": True,
        "target": "es2022",
        "lib": ["es2022", "esnext.disposable"],
        "module": module,
        "moduleResolution": resolution,
        "types": ["node"],
    }
    files = [f"right.{ending}", f"wrong.{ending}"]
    project.write(
        {
            "tsconfig.json": json.dumps({"compilerOptions": options, "files": files}),
            files[0]: _RIGHT,
            files[1]: _WRONG,
        }
    )
    done = project.run_tool("tsc", "--project", ".")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_types_of_its_own_tests_hold(project: Project) -> None:
    copy_tests(project)
    done = project.run_tool("tsc", "--project", "tests")
    assert (done.returncode, done.stdout) == (0, "")

/** The Python program: where it is found, and how it is installed. */

import { execFile } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';

import { VERSION } from './version.js';

const isWindows = process.platform === 'win32';

/** Oldest Python that the program runs on. */
const OLDEST_PYTHON = [3, 11] as const;

/** Oldest Python that can install uv, which brings a newer one. */
const OLDEST_PYTHON_FOR_UV = [3, 8] as const;

/** Prints the version of a Python, and of the program if it has it. */
const PROBE = `
import json, sys
try:
    from make_emulator.version import __version__ as version
except ImportError:
    version = None
print(json.dumps({"python": sys.version_info[:2], "emulator": version}))
`;

export interface ProgramOptions {
  /** Python that has the program, or gets an environment with it. */
  python?: string | undefined;
  /** False: nothing is installed. */
  install?: boolean | undefined;
  /** What is installed, as pip takes it; by default the release of this package's version. */
  package?: string | undefined;
  /** Folder of installed programs; by default that of the user's caches. */
  cacheDir?: string | undefined;
  /** Directory in which a `.venv` is looked for. */
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  /** Is called with a line about an installation, which takes some seconds once. */
  onProgress?: ((line: string) => void) | undefined;
}

/** Command that starts the program, without arguments of its own. */
export type Command = readonly [string, ...string[]];

/** The program was not found, or could not be installed or started; the message says what to do. */
export class EmulatorStartError extends Error {
  override readonly name = 'EmulatorStartError';
}

/** Python that was probed. */
interface Python {
  path: string;
  version: readonly [number, number];
  emulator: string | null;
}

/**
 * Returns the command of the Python program: of one that is installed, of uv, or of an environment that is installed for it.
 *
 * @throws EmulatorStartError with all that was tried, and what to install.
 */
export async function findProgram(options: ProgramOptions = {}): Promise<Command> {
  const env = options.env ?? process.env;
  const tried: string[] = [];

  const given = options.python ?? env['MAKE_EMULATOR_PYTHON'];
  if (given === undefined) {
    const programs = findOnPath('make-emulator', env).filter((each) => !isOfNpm(each));
    if (programs.length === 0) {
      tried.push('make-emulator: not on the PATH');
    }
    for (const path of programs) {
      const version = await versionOf(path);
      if (version !== null && isCompatible(version)) {
        return [path];
      }
      tried.push(`${path}: ${version === null ? 'does not run' : `version ${version}, and ${VERSION} is needed`}`);
    }
  }

  const pythons: Python[] = [];
  for (const path of pythonPaths(given, options.cwd ?? process.cwd(), env)) {
    const python = await probe(path);
    if (python === null) {
      tried.push(`${path}: does not run`);
      continue;
    }
    if (python.emulator !== null && isCompatible(python.emulator)) {
      return [path, '-m', 'make_emulator'];
    }
    pythons.push(python);
    const has = python.emulator === null ? 'without make-emulator' : `with make-emulator ${python.emulator}`;
    tried.push(`${path}: Python ${python.version.join('.')} ${has}`);
  }

  if (pythons.length === 0 && given === undefined) {
    tried.push('python3: not on the PATH, and there is no .venv');
  }

  const requirement = options.package ?? `make-emulator==${VERSION}`;
  const cacheDir = options.cacheDir ?? join(userCacheDir(env), 'make-emulator');
  const environment = join(cacheDir, folderName(requirement));
  const installed = pythonOf(environment);
  if (existsSync(installed)) {
    return [installed, '-m', 'make_emulator'];
  }
  tried.push(`${environment}: not installed yet`);

  if (options.install === false) {
    throw notFound(tried, 'Installing it is switched off (install: false). ');
  }
  if (given === undefined) {
    const [uvx] = findOnPath('uvx', env);
    if (uvx !== undefined) {
      return [uvx, '--python', `>=${OLDEST_PYTHON.join('.')}`, '--from', requirement, 'make-emulator'];
    }
    tried.push('uvx: not on the PATH');
  }
  const newest = [...pythons].sort((left, right) => compareVersions(right.version, left.version))[0];
  if (newest === undefined || compareVersions(newest.version, OLDEST_PYTHON_FOR_UV) < 0) {
    throw notFound(tried);
  }
  options.onProgress?.(`installing ${requirement} in ${environment}, once`);
  if (compareVersions(newest.version, OLDEST_PYTHON) >= 0) {
    await install(newest, requirement, environment);
    return [installed, '-m', 'make_emulator'];
  }
  const uvEnvironment = join(cacheDir, 'uv');
  if (!existsSync(pythonOf(uvEnvironment))) {
    await install(newest, 'uv', uvEnvironment);
  }
  const run = ['-m', 'uv', 'tool', 'run', '--python', `>=${OLDEST_PYTHON.join('.')}`, '--from', requirement];
  return [pythonOf(uvEnvironment), ...run, 'make-emulator'];
}

function notFound(tried: readonly string[], reason = ''): EmulatorStartError {
  return new EmulatorStartError(
    [
      `The Python program make-emulator ${VERSION} was not found. ${reason}Tried:`,
      ...tried.map((line) => `  ${line}`),
      'Do one of these:',
      '  install uv, which needs nothing else: https://docs.astral.sh/uv/getting-started/installation/',
      `  install Python ${OLDEST_PYTHON.join('.')} or newer, and run: pip install make-emulator==${VERSION}`,
      "  run it in Docker: startEmulator({ image: 'IMAGE' })",
      '  run it elsewhere, and set MAKE_EMULATOR_URL to its address',
    ].join('\n'),
  );
}

/** Installs a requirement in an environment of its own; of processes that do it at the same time one wins. */
async function install(python: Python, requirement: string, environment: string): Promise<void> {
  await mkdir(dirname(environment), { recursive: true });
  const folder = await mkdtemp(`${environment}.`);
  try {
    await run(python.path, ['-m', 'venv', folder], 'the environment could not be created', [
      'on Debian and Ubuntu: apt install python3-venv',
      'install uv: https://docs.astral.sh/uv/getting-started/installation/',
    ]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement];
    await run(pythonOf(folder), pip, `${requirement} could not be installed`, [
      'look at the settings of pip: an index of your own, or a proxy',
      'install it yourself, and put make-emulator on the PATH',
    ]);
    try {
      // It runs by its Python, so that the folder can be renamed.
      await rename(folder, environment);
    } catch (error) {
      if (!existsSync(pythonOf(environment))) {
        throw error;
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(program: string, args: readonly string[], problem: string, hints: readonly string[]): Promise<void> {
  const done = await execute(program, args, 600_000);
  if (done.code !== 0) {
    const reason = done.stderr.trim().split('\n').slice(-5).join('\n  ');
    throw new EmulatorStartError(
      [`make-emulator: ${problem}:`, `  ${reason}`, 'Do one of these:', ...hints.map((hint) => `  ${hint}`)].join('\n'),
    );
  }
}

function execute(
  program: string,
  args: readonly string[],
  timeout: number,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(program, args, { timeout, encoding: 'utf8', windowsHide: true }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : 1, stdout, stderr: stderr || (error?.message ?? '') });
    });
  });
}

async function versionOf(program: string): Promise<string | null> {
  const { code, stdout } = await execute(program, ['--version'], 30_000);
  const match = /version (\S+)/.exec(stdout);
  return code === 0 && match !== null ? (match[1] ?? null) : null;
}

async function probe(path: string): Promise<Python | null> {
  const { code, stdout } = await execute(path, ['-c', PROBE], 30_000);
  try {
    const { python, emulator } = JSON.parse(stdout) as { python: [number, number]; emulator: string | null };
    return code === 0 ? { path, version: python, emulator } : null;
  } catch {
    return null;
  }
}

/** Returns true for a version whose control API this package knows: the same minor version. */
export function isCompatible(version: string): boolean {
  const series = (text: string): string => text.split('.').slice(0, 2).join('.');
  return series(version) === series(VERSION);
}

function compareVersions(left: readonly [number, number], right: readonly [number, number]): number {
  return left[0] - right[0] || left[1] - right[1];
}

// --- places --------------------------------------------------------------------------------------

/** Returns the Pythons that may have the program, the likeliest first. */
function pythonPaths(given: string | undefined, cwd: string, env: NodeJS.ProcessEnv): string[] {
  if (given !== undefined) {
    return [given];
  }
  const environments = [env['VIRTUAL_ENV'], join(cwd, '.venv')].filter((each) => each !== undefined && each !== '');
  const paths = [
    ...environments.map((each) => pythonOf(each as string)).filter((path) => existsSync(path)),
    ...findOnPath('python3', env),
    ...findOnPath('python', env),
  ];
  return [...new Set(paths)];
}

function pythonOf(environment: string): string {
  return isWindows ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python');
}

/** Returns the programs of a name on the PATH, in its order. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string[] {
  const variable = Object.keys(env).find((each) => (isWindows ? each.toUpperCase() : each) === 'PATH') ?? 'PATH';
  const endings = isWindows ? ['.exe', '.com'] : [''];
  const found: string[] = [];
  for (const folder of (env[variable] ?? '').split(delimiter).filter((each) => each !== '')) {
    for (const ending of endings) {
      const path = resolve(folder, name + ending);
      // The stubs of the Microsoft Store are empty files that open the store.
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > 0 && statSync(path).isFile()) {
        found.push(path);
      }
    }
  }
  return found;
}

/** Returns true for the command of this package, which npm puts on the PATH too. */
function isOfNpm(path: string): boolean {
  const real = realpathSync(path);
  return /\.[cm]?js$/.test(real) || dirname(path).endsWith(join('node_modules', '.bin')) || real.includes(`${sep}node_modules${sep}`);
}

function userCacheDir(env: NodeJS.ProcessEnv): string {
  if (isWindows) {
    return env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local');
  }
  if (process.platform === 'darwin') {
    return join(homedir(), 'Library', 'Caches');
  }
  return env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
}

/** Returns the name of the folder of a requirement. */
function folderName(requirement: string): string {
  return requirement === `make-emulator==${VERSION}` ? VERSION : `custom-${requirement.replace(/[^A-Za-z0-9.=-]+/g, '_').slice(-80)}`;
}

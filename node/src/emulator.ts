/** An emulator: started as a process or a container of its own, or one that runs elsewhere. */

import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { ControlClient, ControlError } from './control.js';
import { EmulatorStartError, findOnPath, findProgram, isCompatible, type ProgramOptions } from './program.js';
import type { Blueprint, Finding, LintRequest, Mended, NewWorld, Seed, WorldDescription, WorldSettings } from './types.js';
import { VERSION } from './version.js';
import { World } from './world.js';

/** Name of the world that a server starts with. */
const DEFAULT_WORLD = 'default';

/** Port in the container of an image. */
const IMAGE_PORT = 4747;

/** Milliseconds until a server must be ready. */
const DEFAULT_TIMEOUT = 60_000;

/** Milliseconds between two looks at a server whose start scripts run. */
const READY_INTERVAL = 50;

/** The last lines of the server's log that an error shows. */
const MAX_LOG_LINES = 20;

export interface StartOptions extends Omit<ProgramOptions, 'onProgress'> {
  /** Address of an emulator that runs elsewhere, which is used instead; by default MAKE_EMULATOR_URL. */
  url?: string | undefined;
  /** Key of the control API; by default MAKE_EMULATOR_CONTROL_KEY. */
  controlKey?: string | undefined;
  /** File of the CA of an emulator elsewhere that serves HTTPS. */
  caFile?: string | undefined;

  /** Image to run with Docker instead of the Python program. */
  image?: string | undefined;
  /** Program that runs images. */
  docker?: string | undefined;

  /** Command of the Python program; by default it is looked for, and installed if need be. */
  command?: readonly [string, ...string[]] | undefined;

  /** Seed of the default world: a name, the path of a file, or the seed itself. */
  seed?: Seed | undefined;
  /** Number from which ids and mock data follow. */
  worldSeed?: number | undefined;
  /** Port to listen at; 0, the default, picks a free one. */
  port?: number | undefined;
  /** False: requests a minute are not limited. */
  rateLimit?: boolean | undefined;
  /** True: HTTPS with an ephemeral certificate; its CA is in `caFile`. */
  tls?: boolean | undefined;
  /** Settings of the default world. */
  settings?: Partial<WorldSettings> | undefined;
  /** Folder of exported blueprints, which become scenarios of the default world. */
  blueprints?: string | undefined;
  /** True: HTTP modules send the requests that no rule matches. */
  allowNetwork?: boolean | undefined;
  /** Further arguments of `make-emulator serve`. */
  args?: readonly string[] | undefined;

  /** True: the request log and notes go to standard error. */
  log?: boolean | undefined;
  /** Milliseconds until the server must be ready. */
  timeout?: number | undefined;
}

/** The line that `make-emulator serve --format json` prints. */
interface StartLine {
  version: string;
  url: string;
  caFile: string | null;
}

export interface WorldOptions extends NewWorld {
  /** Scopes of the token; by default the world has one with every scope. */
  scopes?: readonly string[];
}

/** Server of the emulated API, with any number of worlds. */
export class Emulator {
  /** URL of the server, without `/api/v2`. */
  readonly url: string;
  /** Version of the server. */
  readonly version: string;
  /** Default world. */
  readonly world: World;
  /** Client of the control API. */
  readonly control: ControlClient;
  /** File of the CA of a server with TLS. */
  readonly caFile: string | undefined;
  /** Key of the control API, if there is one. */
  readonly controlKey: string | undefined;
  readonly #process: ServerProcess | undefined;

  private constructor(
    control: ControlClient,
    world: World,
    details: { version: string; caFile?: string | undefined; controlKey?: string | undefined; process?: ServerProcess | undefined },
  ) {
    this.control = control;
    this.url = control.url;
    this.world = world;
    this.version = details.version;
    this.caFile = details.caFile;
    this.controlKey = details.controlKey;
    this.#process = details.process;
  }

  /**
   * Starts an emulator, or uses the one of `url` or MAKE_EMULATOR_URL.
   *
   * @throws EmulatorStartError with what to do.
   */
  static async start(options: StartOptions = {}): Promise<Emulator> {
    const env = options.env ?? process.env;
    const url = options.url ?? (isExplicit(options) ? undefined : env['MAKE_EMULATOR_URL'] || undefined);
    const timeout = options.timeout ?? DEFAULT_TIMEOUT;
    if (url !== undefined) {
      return Emulator.#attach(url, options.controlKey ?? env['MAKE_EMULATOR_CONTROL_KEY'], options.caFile, timeout);
    }
    const folder = await mkdtemp(join(tmpdir(), 'make-emulator-'));
    try {
      const server = await launch(options, env, folder);
      try {
        return await Emulator.#connect(server.url, server.controlKey, server.caFile, timeout, server.process);
      } catch (error) {
        await server.process.stop();
        throw error;
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  static async #attach(
    url: string,
    controlKey: string | undefined,
    caFile: string | undefined,
    timeout: number,
  ): Promise<Emulator> {
    try {
      return await Emulator.#connect(url, controlKey, caFile, timeout);
    } catch (error) {
      if (error instanceof ControlError) {
        const hint =
          error.status === 403
            ? '\nSet MAKE_EMULATOR_CONTROL_KEY, or controlKey, to the key that the server was started with.'
            : error.status === undefined
              ? '\nStart it there with make-emulator serve, or unset MAKE_EMULATOR_URL to have one started here.'
              : '';
        throw new EmulatorStartError(`The emulator at ${url} cannot be used: ${error.message}${hint}`);
      }
      throw error;
    }
  }

  static async #connect(
    url: string,
    controlKey: string | undefined,
    caFile: string | undefined,
    timeout: number,
    server?: ServerProcess,
  ): Promise<Emulator> {
    const control = new ControlClient(url, { controlKey, ca: caFile === undefined ? undefined : readFileSync(caFile) });
    const { version } = await control.call('GET /health');
    if (!isCompatible(version)) {
      process.emitWarning(
        `the emulator at ${control.url} has version ${version}, this package is for ${VERSION}: some calls may differ`,
        'MakeEmulatorWarning',
      );
    }
    await waitUntilReady(control, timeout, server);
    const world = await describeWorld(control, DEFAULT_WORLD);
    return new Emulator(control, new World(control, world), { version, caFile, controlKey, process: server });
  }

  /** Base URL of the API. */
  get baseUrl(): string {
    return this.world.baseUrl;
  }

  /** Token of the default world. */
  get token(): string {
    return this.world.token;
  }

  get teamId(): number {
    return this.world.teamId;
  }

  get organizationId(): number {
    return this.world.organizationId;
  }

  /** Creates an isolated world on this server, with tokens of its own. */
  async createWorld(options: WorldOptions = {}): Promise<World> {
    const { scopes, ...body } = options;
    const world = new World(this.control, (await this.control.call('POST /worlds', { body })).world);
    if (scopes !== undefined) {
      world.token = await world.createToken(scopes);
    }
    return world;
  }

  /**
   * Returns the world of a name.
   *
   * @throws ControlError if there is none.
   */
  async getWorld(name: string): Promise<World> {
    return new World(this.control, await describeWorld(this.control, name));
  }

  async worlds(): Promise<World[]> {
    return (await this.control.call('GET /worlds')).worlds.map((row) => new World(this.control, row));
  }

  /** Returns the findings of lint on a blueprint. */
  async lint(request: LintRequest): Promise<Finding[]> {
    return (await this.control.call('POST /lint', { body: request })).findings;
  }

  /** Returns a blueprint with its obvious repairs, and the findings that stay. */
  async mend(request: LintRequest): Promise<Mended> {
    return this.control.call('POST /mend', { body: request });
  }

  /** Returns the drawing of a blueprint, valid or not, as SVG. */
  async draw(blueprint: Blueprint): Promise<string> {
    return this.control.text('POST /drawing', { body: { blueprint }, query: { format: 'svg' } });
  }

  /** Stops the server; one that runs elsewhere goes on running. */
  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts an emulator, or uses the one of `url` or MAKE_EMULATOR_URL; see `StartOptions`. */
export async function startEmulator(options: StartOptions = {}): Promise<Emulator> {
  return Emulator.start(options);
}

/** Returns true if options say how to start a server, so that the environment does not count. */
function isExplicit(options: StartOptions): boolean {
  return options.image !== undefined || options.command !== undefined;
}

/** Waits until the start scripts of a server have ended. */
async function waitUntilReady(control: ControlClient, timeout: number, server?: ServerProcess): Promise<void> {
  const end = Date.now() + timeout;
  for (;;) {
    try {
      await control.call('GET /ready');
      return;
    } catch (error) {
      const { status } = error as ControlError;
      if (status === undefined && server !== undefined) {
        throw await server.failure();
      }
      if (status !== 503) {
        throw error;
      }
    }
    if (Date.now() > end) {
      const reason = `the start scripts of the emulator at ${control.url} have not ended after ${timeout / 1000} s`;
      throw new EmulatorStartError(`${reason}; a longer time goes in the option timeout.`);
    }
    await new Promise((resolve) => setTimeout(resolve, READY_INTERVAL));
  }
}

async function describeWorld(control: ControlClient, name: string): Promise<WorldDescription> {
  return (await control.call('GET /worlds/{name}', { path: { name } })).world;
}

// --- processes -----------------------------------------------------------------------------------

interface Launched {
  url: string;
  caFile: string | undefined;
  controlKey: string | undefined;
  process: ServerProcess;
}

async function launch(options: StartOptions, env: NodeJS.ProcessEnv, folder: string): Promise<Launched> {
  const note = (line: string): void => void process.stderr.write(`make-emulator: ${line}\n`);
  const args = [...(await serveArguments(options, folder)), ...(options.args ?? [])];
  const timeout = options.timeout ?? DEFAULT_TIMEOUT;
  if (options.image !== undefined) {
    return launchImage(options, options.image, args, env, timeout);
  }
  const command = options.command ?? (await findProgram({ ...options, env, onProgress: note }));
  const variables = serverEnvironment(env, options.controlKey);
  const port = String(options.port ?? 0);
  const server = new ServerProcess([...command, 'serve', '--port', port, ...args], variables, options);
  const line = await server.start(timeout);
  return { url: line.url, caFile: line.caFile ?? undefined, controlKey: options.controlKey, process: server };
}

async function launchImage(
  options: StartOptions,
  image: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<Launched> {
  if (options.tls === true || typeof options.seed === 'object' || options.blueprints !== undefined) {
    throw new EmulatorStartError('tls, blueprints and a seed that is an object do not go with an image: files are in the container');
  }
  const docker = options.docker ?? 'docker';
  if (findOnPath(docker, env).length === 0 && !/[\\/]/.test(docker)) {
    throw new EmulatorStartError(
      `The image ${image} cannot be run: ${docker} is not on the PATH.\n` +
        'Install Docker, name another program with { docker: "podman" }, or leave image out to run the Python program.',
    );
  }
  const controlKey = options.controlKey ?? randomUUID();
  const port = options.port || (await freePort());
  // The key goes by the environment, so that no list of processes shows it; standard input ends the server.
  const run = ['run', '--rm', '--interactive', '--publish', `127.0.0.1:${port}:${IMAGE_PORT}`, '--env', 'MAKE_EMULATOR_CONTROL_KEY'];
  const command = [docker, ...run, image, 'serve', ...args] as const;
  const server = new ServerProcess(command, serverEnvironment(env, controlKey), options);
  await server.start(timeout);
  return { url: `http://127.0.0.1:${port}`, caFile: undefined, controlKey, process: server };
}

/** Returns the environment of a server: this one, without what would change what the options say. */
function serverEnvironment(env: NodeJS.ProcessEnv, controlKey: string | undefined): NodeJS.ProcessEnv {
  const { MAKE_EMULATOR_PORT: _port, MAKE_EMULATOR_URL: _url, MAKE_EMULATOR_CONTROL_KEY: _key, ...rest } = env;
  return controlKey === undefined ? rest : { ...rest, MAKE_EMULATOR_CONTROL_KEY: controlKey };
}

async function serveArguments(options: StartOptions, folder: string): Promise<string[]> {
  const args = ['--format', 'json', '--stop-on-eof', '--log-format', options.log === true ? 'text' : 'none'];
  if (typeof options.seed === 'string') {
    args.push('--seed', options.seed);
  } else if (options.seed !== undefined) {
    const file = join(folder, 'seed.json');
    await writeFile(file, JSON.stringify(options.seed));
    args.push('--seed', file);
  }
  if (options.worldSeed !== undefined) {
    args.push('--world-seed', String(options.worldSeed));
  }
  if (options.rateLimit === false) {
    args.push('--no-rate-limit');
  }
  if (options.tls === true) {
    args.push('--tls');
  }
  if (options.allowNetwork === true) {
    args.push('--allow-network');
  }
  if (options.blueprints !== undefined) {
    args.push('--blueprints', options.blueprints);
  }
  for (const [name, value] of Object.entries(options.settings ?? {})) {
    args.push('--setting', `${name}=${value}`);
  }
  return args;
}

/** Process that serves: it ends with this one, by the end of its standard input. */
class ServerProcess {
  readonly #child: ChildProcess;
  readonly #program: string;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;
  #failure: string | undefined;

  constructor(command: readonly [string, ...string[]], env: NodeJS.ProcessEnv, options: StartOptions) {
    const [program, ...args] = command;
    this.#program = program;
    const child = spawn(program, args, { env, cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    this.#child = child;
    this.#ended = new Promise((ended) => {
      child.once('error', (error) => {
        this.#failure = error.message;
        ended();
      });
      child.once('close', () => ended());
    });
    // It may have ended already.
    child.stdin.on('error', () => undefined);
    readLines(child.stderr, (line) => {
      if (line.trim() !== '') {
        this.#lines.push(line);
      }
      this.#lines.splice(0, this.#lines.length - MAX_LOG_LINES);
      if (options.log === true) {
        process.stderr.write(`${line}\n`);
      }
    });
  }

  /** Waits until the server is ready; returns what it printed. */
  async start(timeout: number): Promise<StartLine> {
    const stdout = this.#child.stdout as Readable;
    const ready = new Promise<StartLine>((resolve) => {
      readLines(stdout, (line) => {
        const start = parseStartLine(line);
        if (start !== undefined) {
          resolve(start);
        } else {
          this.#lines.push(line);
        }
      });
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), timeout);
    });
    const line = await Promise.race([ready, this.#ended, late]);
    clearTimeout(timer);
    if (line === undefined) {
      const reason = this.#reason(timeout);
      await this.stop();
      throw new EmulatorStartError(reason);
    }
    // A program that does not stop the server can end nevertheless.
    this.#child.unref();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      (stream as unknown as { unref?: () => void } | null)?.unref?.();
    }
    return line;
  }

  /** Returns the error of a server that ended, or does not answer any more. */
  async failure(): Promise<EmulatorStartError> {
    await this.stop();
    return new EmulatorStartError(this.#reason(0));
  }

  #reason(timeout: number): string {
    const log = this.#lines.map((line) => `\n  ${line}`).join('');
    if (this.#failure !== undefined) {
      return `make-emulator could not be started: ${this.#program}: ${this.#failure}`;
    }
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      return `make-emulator was not ready after ${timeout / 1000} s; a longer time goes in the option timeout.${log}`;
    }
    return `make-emulator ended with ${signalCode ?? `exit code ${exitCode}`} before it was ready.${log}`;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.ref();
      child.stdin?.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await this.#ended;
      clearTimeout(timer);
    }
  }
}

function readLines(stream: Readable | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
  stream?.on('end', () => {
    if (rest !== '') {
      onLine(rest);
    }
  });
}

function parseStartLine(line: string): StartLine | undefined {
  try {
    const data = JSON.parse(line) as Partial<StartLine> | null;
    return typeof data?.url === 'string' && typeof data.version === 'string' ? (data as StartLine) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns a port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

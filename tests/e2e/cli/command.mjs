// Runs the vendor's command line as published. Its file is evaluated anew for each command, in this one process: starting
// Node for each would take most of a test's time. What it prints and how it ends is what a process of its own would.
import { Command } from 'commander';

const FILE = new URL('../node_modules/@makehq/cli/dist/index.js', import.meta.url);

/** What a command that calls `process.exit` throws instead, so that nothing behind it runs. */
class Exit extends Error {}

// The file does not wait for its own last promise: `parseAsync(…).catch(…)`.
const { parseAsync } = Command.prototype;
let ended;
Command.prototype.parseAsync = function (...args) {
  const parsing = parseAsync.apply(this, args);
  return { catch: handler => (ended = parsing.catch(handler)) };
};

let count = 0;

/** Runs `make-cli` with arguments: its exit code, and what it wrote. */
export async function run(...args) {
  const { argv, exit } = process;
  const write = { stdout: process.stdout.write, stderr: process.stderr.write };
  const done = { code: undefined, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    process[name].write = text => {
      // A process that has ended writes no more.
      if (done.code === undefined) done[name] += text;
      return true;
    };
  }
  process.exit = code => {
    if (done.code !== undefined) return;
    done.code = code ?? 0;
    throw new Exit();
  };
  process.argv = [argv[0], 'make-cli', ...args.map(String)];
  try {
    await import(`${FILE}?${count++}`);
    await ended;
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  } finally {
    Object.assign(process, { argv, exit });
    process.stdout.write = write.stdout;
    process.stderr.write = write.stderr;
  }
  return { ...done, code: done.code ?? 0 };
}

/** What a command that succeeds prints: the value of its JSON, or the sentence that it says. */
export async function make(...args) {
  const { code, stdout, stderr } = await run(...args);
  if (code !== 0 || stderr !== '') throw new Error(`make-cli ${args.join(' ')} ended with ${code}: ${stderr}`);
  try {
    return JSON.parse(stdout);
  } catch {
    return stdout.trimEnd();
  }
}

/** A value as an argument. */
export const json = JSON.stringify;

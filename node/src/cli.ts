#!/usr/bin/env node
/** The command `make-emulator` of npm: it passes all to the Python program. */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { EmulatorStartError, findProgram } from './program.js';

async function main(): Promise<void> {
  const onProgress = (line: string): void => void process.stderr.write(`make-emulator: ${line}\n`);
  const [program, ...args] = await findProgram({ onProgress });
  const child = spawn(program, [...args, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // A terminal sends Ctrl-C to the child, too; the child decides about its end.
    process.on(signal, () => {
      if (signal !== 'SIGINT') {
        child.kill(signal);
      }
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`make-emulator: ${program}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof EmulatorStartError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

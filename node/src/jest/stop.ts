/** The end of the server of a test run; set-up and tear-down run in one process. */

const KEY = Symbol.for('make-emulator.stop');

const holder = globalThis as { [KEY]?: () => Promise<void> };

export function setStop(end: () => Promise<void>): void {
  holder[KEY] = end;
}

export async function stop(): Promise<void> {
  await holder[KEY]?.();
  delete holder[KEY];
}

/** Client of the control API for one world. */

import type { BodyOf, CallOptions, QueryOf, ResponseOf, Route } from './control-api.js';
import type { ControlClient } from './control.js';

/** Routes of one world. */
export type WorldRoute = Extract<Route, `${string} /worlds/{name}${string}`>;

/** Options of a call without the name of the world. */
type WorldCallOptions<R extends WorldRoute> =
  CallOptions<R> extends { path: infer Path } ? Omit<CallOptions<R>, 'path'> & PathPart<Omit<Path, 'name'>> : never;
type PathPart<Path> = [keyof Path] extends [never] ? unknown : { path: Path };
type WorldCallArguments<R extends WorldRoute> =
  object extends WorldCallOptions<R> ? [options?: WorldCallOptions<R>] : [options: WorldCallOptions<R>];

interface AnyOptions {
  path?: { [name: string]: string | number };
}

/** Client of the control API for one world; every method throws `ControlError` if its call fails. */
export class WorldClient {
  constructor(
    readonly control: ControlClient,
    readonly name: string,
  ) {}

  async call<R extends WorldRoute>(route: R, ...[options]: WorldCallArguments<R>): Promise<ResponseOf<R>> {
    return this.control.call(route, ...this.#arguments(options));
  }

  async text<R extends WorldRoute>(route: R, ...[options]: WorldCallArguments<R>): Promise<string> {
    return this.control.text(route, ...this.#arguments(options));
  }

  #arguments<R extends WorldRoute>(options: unknown): Parameters<typeof this.control.call<R>> extends [unknown, ...infer Rest] ? Rest : never {
    const given = (options ?? {}) as AnyOptions;
    return [{ ...given, path: { ...given.path, name: this.name } }] as never;
  }
}

export type { BodyOf, QueryOf };

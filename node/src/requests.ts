/** Request log of a world, and assertions over it. */

import { writeFile } from 'node:fs/promises';

import type { WorldClient } from './world-client.js';
import {
  compareAll,
  formatJson,
  includesJson,
  MASK,
  matchesGlob,
  MAX_SHOWN,
  pluralize,
  similarity,
  WorldAssertionError,
} from './matching.js';
import type { Json, RequestQuery, RequestRow } from './types.js';

export interface RequestFilter extends RequestQuery {
  /** Part that the body must include: some fields of objects, at any depth; lists in full. Secrets are masked in the log. */
  json?: Json;
}

export interface CallExpectation {
  /** Exactly so many calls; by default, at least one. */
  times?: number;
  /** Status, or a class of them such as `4xx`. */
  status?: number | string;
  json?: Json;
}

/** The requests that a world received, oldest first; secrets are masked. */
export class WorldRequests {
  readonly #client: WorldClient;

  constructor(client: WorldClient) {
    this.#client = client;
  }

  /** Returns the requests that match, or all. */
  async all(filter: RequestFilter = {}): Promise<RequestRow[]> {
    const { json, limit, ...query } = filter;
    const whole = json === undefined && limit !== undefined ? { ...query, limit } : query;
    const { requests } = await this.#client.call('GET /worlds/{name}/requests', { query: whole });
    if (json === undefined) {
      return requests;
    }
    const rows = requests.filter((row) => includesJson(row.requestBody, json));
    return limit === undefined ? rows : rows.slice(Math.max(0, rows.length - limit));
  }

  /**
   * Asserts that a matching request was received.
   *
   * @param path - a glob such as `/scenarios/1/*`, without `/api/v2`; with parameters of the query that the request must have, as in `/scenarios?teamId=1`.
   * @throws AssertionError with the closest requests.
   */
  async assertCalled(method: string, path: string, expected: CallExpectation = {}): Promise<void> {
    const { times, ...filter } = expected;
    const count = (await this.all({ method, path, ...filter })).length;
    if (times === undefined ? count > 0 : count === times) {
      return;
    }
    const wanted = times === undefined ? 'at least once' : pluralize(times, 'time');
    throw new WorldAssertionError(
      `expected ${describe(method, path, expected)} ${wanted}, but it was received ${pluralize(count, 'time')}; ` +
        describeClosest(await this.all(), method, path, expected),
      this.assertCalled,
    );
  }

  /**
   * Asserts that no matching request was received.
   *
   * @throws AssertionError with the requests that were received.
   */
  async assertNotCalled(method: string, path: string, expected: Omit<CallExpectation, 'times'> = {}): Promise<void> {
    const rows = await this.all({ method, path, ...expected });
    if (rows.length > 0) {
      const received = rows.slice(-MAX_SHOWN).map((row) => `\n  ${row.sentence}`);
      throw new WorldAssertionError(
        `expected no ${describe(method, path, expected)}, but it was received ${pluralize(rows.length, 'time')}:${received.join('')}`,
        this.assertNotCalled,
      );
    }
  }

  /** Writes the requests to a file as an HTTP archive (HAR 1.2). */
  async exportHar(path: string): Promise<void> {
    await writeFile(path, await this.#client.text('GET /worlds/{name}/requests', { query: { format: 'har' } }));
  }

  /** Deletes the requests. */
  async clear(): Promise<void> {
    await this.#client.call('DELETE /worlds/{name}/requests');
  }
}

function describe(method: string, path: string, expected: CallExpectation): string {
  const status = expected.status === undefined ? '' : ` with status ${expected.status}`;
  const json = expected.json === undefined ? '' : ` with a body like ${formatJson(expected.json)}`;
  return `${method} ${path}${status}${json}`;
}

function describeClosest(rows: RequestRow[], method: string, path: string, expected: CallExpectation): string {
  if (rows.length === 0) {
    return 'nothing was received';
  }
  const glob = withoutQuery(path);
  const near = rows
    .map((row) => ({ row, distance: distance(row, method, glob, expected) }))
    .sort((left, right) => compareAll(left.distance, right.distance))
    .slice(0, MAX_SHOWN)
    .map(({ row }) => row);
  const lines = near.map((row) => {
    const shows = expected.json !== undefined && row.method === method.toUpperCase() && matchesGlob(row.path, glob);
    const body = formatJson(row.requestBody);
    const note = body.includes(MASK) ? ' (secrets are masked)' : '';
    return `\n  ${row.sentence}` + (shows ? `\n    with the body ${body}${note}` : '');
  });
  const heading =
    near.length === rows.length ? 'received' : `the closest of the ${rows.length} that were received`;
  return `${heading}:${lines.join('')}`;
}

/** Returns the glob of a path without the parameters behind it, and without `/api/v2`. */
function withoutQuery(path: string): string {
  const [glob = '', query = ''] = path.split('?', 2);
  return (query.includes('=') ? glob : path).replace(/^\/api\/v2/, '');
}

/** Returns the distance of a request from the expected one, as a sort key. */
function distance(row: RequestRow, method: string, path: string, expected: CallExpectation): number[] {
  const status = String(expected.status ?? row.status).toLowerCase();
  return [
    matchesGlob(row.path, path) ? 0 : 1 - similarity(row.path, path),
    Number(row.method !== method.toUpperCase()),
    Number(expected.json !== undefined && !includesJson(row.requestBody, expected.json)),
    Number(status !== String(row.status) && status !== `${Math.floor(row.status / 100)}xx`),
    row.id,
  ];
}

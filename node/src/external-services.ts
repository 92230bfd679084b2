/** Mock external services of a world: responses to HTTP modules, the requests that they sent, and mails. */

import {
  compareAll,
  formatJson,
  includesJson,
  matchesUrl,
  MAX_SHOWN,
  pluralize,
  similarity,
  WorldAssertionError,
} from './matching.js';
import type { HttpRule, Json, Mail, NewHttpRule, SentRequest } from './types.js';
import type { WorldClient } from './world-client.js';

const SOURCES = {
  rule: 'from a rule',
  network: 'from the network',
  simulation: 'from mock data',
  nothing: 'as no rule matches it',
};

export interface SentFilter {
  method?: string;
  /** Glob such as `https://api.example.com/*`; it may leave out the query. */
  url?: string;
  /** Part that the body, JSON or a form, must include: some fields of objects, at any depth; lists in full. */
  json?: Json;
}

/** Responses to the HTTP modules of every scenario of a world, and the requests that they sent. */
export class WorldHttp {
  readonly #client: WorldClient;

  constructor(client: WorldClient) {
    this.#client = client;
  }

  /** Adds a rule: the response to requests to a URL. Rules that were added earlier go first. */
  async respond(url: string, response: Omit<NewHttpRule, 'url'> = {}): Promise<HttpRule> {
    return (await this.#client.call('POST /worlds/{name}/http', { body: { url, ...response } })).rule;
  }

  /** Returns the rules, with their numbers of matches. */
  async rules(): Promise<HttpRule[]> {
    return (await this.#client.call('GET /worlds/{name}/http')).rules;
  }

  /** Returns the requests that HTTP modules sent and that match, oldest first; secrets are masked. */
  async requests(filter: SentFilter = {}): Promise<SentRequest[]> {
    const { requests } = await this.#client.call('GET /worlds/{name}/http');
    return requests.filter((row) => isMatch(row, filter));
  }

  /** Removes all rules and deletes the requests. */
  async clear(): Promise<void> {
    await this.#client.call('DELETE /worlds/{name}/http');
  }

  /**
   * Asserts that a matching request was sent, or exactly so many of them.
   *
   * @throws AssertionError with the closest requests.
   */
  async assertSent(method: string, url: string, expected: { times?: number; json?: Json } = {}): Promise<void> {
    const { times, ...rest } = expected;
    const filter = { method, url, ...rest };
    const count = (await this.requests(filter)).length;
    if (times === undefined ? count > 0 : count === times) {
      return;
    }
    const wanted = times === undefined ? 'at least once' : pluralize(times, 'time');
    throw new WorldAssertionError(
      `expected ${describe(filter)} ${wanted}, but it was sent ${pluralize(count, 'time')}; ` +
        describeClosest(await this.requests(), filter),
      this.assertSent,
    );
  }

  /**
   * Asserts that no matching request was sent.
   *
   * @throws AssertionError with the requests that were sent.
   */
  async assertNotSent(method: string, url: string, expected: { json?: Json } = {}): Promise<void> {
    const filter = { method, url, ...expected };
    const rows = await this.requests(filter);
    if (rows.length > 0) {
      throw new WorldAssertionError(
        `expected no ${describe(filter)}, but it was sent ${pluralize(rows.length, 'time')}:` +
          rows.slice(-MAX_SHOWN).map(describeRequest).join(''),
        this.assertNotSent,
      );
    }
  }
}

export interface MailFilter {
  /** Recipient, copies included; a glob that ignores case. */
  to?: string;
  subject?: string;
}

/** The mails that modules of a world sent, oldest first. They are not delivered. */
export class WorldOutbox {
  readonly #client: WorldClient;

  constructor(client: WorldClient) {
    this.#client = client;
  }

  async all(filter: MailFilter = {}): Promise<Mail[]> {
    return (await this.#client.call('GET /worlds/{name}/outbox', { query: filter })).mails;
  }

  async clear(): Promise<void> {
    await this.#client.call('DELETE /worlds/{name}/outbox');
  }

  /**
   * Asserts that a matching mail was sent, or exactly so many of them.
   *
   * @throws AssertionError with the last mails that were sent.
   */
  async assertSent(expected: MailFilter & { times?: number } = {}): Promise<void> {
    const { times, ...filter } = expected;
    const count = (await this.all(filter)).length;
    if (times === undefined ? count > 0 : count === times) {
      return;
    }
    const to = filter.to === undefined ? '' : ` to ${filter.to}`;
    const subject = filter.subject === undefined ? '' : ` with the subject ${filter.subject}`;
    const wanted = times === undefined ? 'at least once' : pluralize(times, 'time');
    const mails = await this.all();
    const shown = mails.slice(-MAX_SHOWN).map((mail) => `\n  to ${mail.to.join(', ')}: ${mail.subject}`);
    const heading = shown.length === mails.length ? 'these were sent' : `the last of the ${mails.length} that were sent`;
    throw new WorldAssertionError(
      `expected a mail${to}${subject} ${wanted}, but it was sent ${pluralize(count, 'time')}; ` +
        (shown.length === 0 ? 'no mail was sent at all' : `${heading}:${shown.join('')}`),
      this.assertSent,
    );
  }
}

function isMatch(row: SentRequest, filter: SentFilter): boolean {
  return (
    (filter.method === undefined || row.method === filter.method.toUpperCase()) &&
    (filter.url === undefined || matchesUrl(row.url, filter.url)) &&
    (filter.json === undefined || includesJson(row.body, filter.json))
  );
}

function describe(filter: SentFilter): string {
  const json = filter.json === undefined ? '' : ` with a body like ${formatJson(filter.json)}`;
  return `${filter.method} ${filter.url}${json}`;
}

function describeRequest(row: SentRequest): string {
  const result = row.status ? `got ${row.status}` : `failed with ${row.error}`;
  return (
    `\n  scenario ${row.scenarioId}, module ${row.moduleId} (${row.module}) sent ${row.method} ${row.url}` +
    ` and ${result}, ${SOURCES[row.answeredBy]}`
  );
}

function describeClosest(rows: SentRequest[], filter: Required<Pick<SentFilter, 'method' | 'url'>> & SentFilter): string {
  if (rows.length === 0) {
    return 'nothing was sent at all';
  }
  const { method, url, json } = filter;
  const distance = (row: SentRequest): number[] => [
    matchesUrl(row.url, url) ? 0 : 1 - similarity(row.url, url),
    Number(row.method !== method.toUpperCase()),
    Number(json !== undefined && !includesJson(row.body, json)),
    row.id,
  ];
  const near = [...rows].sort((left, right) => compareAll(distance(left), distance(right))).slice(0, MAX_SHOWN);
  const lines = near.map((row) => {
    const shows = json !== undefined && isMatch(row, { method, url });
    return describeRequest(row) + (shows ? `\n    with the body ${formatJson(row.body)}` : '');
  });
  const heading = near.length === rows.length ? 'this was sent' : `the closest of the ${rows.length} that were sent`;
  return `${heading}:${lines.join('')}`;
}

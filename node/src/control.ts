/** Client of the control API, over HTTP or HTTPS. */

import * as http from 'node:http';
import * as https from 'node:https';

import type { CallArguments, Route, ResponseOf } from './control-api.js';
import type { Json, JsonObject } from './types.js';

/** Milliseconds after which a call without a response fails. */
const TIMEOUT = 30_000;

/** A call that failed; `status` is the HTTP status, or undefined without a response. */
export class ControlError extends Error {
  override readonly name = 'ControlError';

  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

export interface HttpResponse {
  status: number;
  text: string;
}

export interface ControlClientOptions {
  /** Key of the control API, if the server has one. */
  controlKey?: string | undefined;
  /** Certificate of the CA of a server with TLS, PEM. */
  ca?: string | Buffer | undefined;
}

interface AnyCall {
  path?: { [name: string]: string | number };
  body?: unknown;
  query?: { [name: string]: unknown };
}

/** Client of the control API of one server. */
export class ControlClient {
  /** URL of the server, without `/api/v2`. */
  readonly url: string;
  readonly #controlKey: string | undefined;
  readonly #ca: string | Buffer | undefined;

  /**
   * @param url - the address of the server; a path such as `/api/v2` is left out.
   * @throws ControlError if it is not a URL.
   */
  constructor(url: string, options: ControlClientOptions = {}) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new ControlError(`'${url}' is not the URL of an emulator, such as http://127.0.0.1:4747`);
    }
    this.url = new URL(url).origin;
    this.#controlKey = options.controlKey;
    this.#ca = options.ca;
  }

  /**
   * Calls a route of the control API.
   *
   * @example await control.call('POST /worlds/{name}/clock/advance', { path: { name }, body: { seconds: 60 } })
   * @throws ControlError with the reason.
   */
  async call<R extends Route>(route: R, ...[options]: CallArguments<R>): Promise<ResponseOf<R>> {
    const text = await this.#send(route, options as AnyCall | undefined);
    if (text === '') {
      return undefined as ResponseOf<R>;
    }
    try {
      return JSON.parse(text) as ResponseOf<R>;
    } catch {
      throw new ControlError(`${route} was not answered by an emulator: no JSON came back`);
    }
  }

  /** Calls a route, and returns the response as text, such as a report in Markdown. */
  async text<R extends Route>(route: R, ...[options]: CallArguments<R>): Promise<string> {
    return this.#send(route, options as AnyCall | undefined);
  }

  /**
   * Calls the emulated API, below `/api/v2`.
   *
   * @throws ControlError with the reason.
   */
  async api(method: string, path: string, token: string, body?: Json | object): Promise<JsonObject> {
    const headers = { Authorization: `Token ${token}` };
    const response = await this.request(method, `/api/v2${path}`, body, headers);
    return JSON.parse(checked(`${method} ${path}`, response)) as JsonObject;
  }

  /** Sends a request to any path of the server; a text goes as it is, all else as JSON. */
  async request(
    method: string,
    target: string,
    body?: unknown,
    headers: { [name: string]: string } = {},
  ): Promise<HttpResponse> {
    const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const url = new URL(target, this.url);
    const options: https.RequestOptions = {
      method,
      headers: {
        ...(payload === undefined
          ? {}
          : {
              'Content-Type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
              'Content-Length': Buffer.byteLength(payload),
            }),
        ...headers,
      },
      timeout: TIMEOUT,
      // A connection of its own: one that is kept may be closed by the server at the moment of the next call.
      agent: false,
    };
    if (this.#ca !== undefined) {
      options.ca = this.#ca;
    }
    try {
      return await send(url, options, payload);
    } catch (error) {
      throw new ControlError(`no emulator answers at ${this.url}: ${reasonOf(error)}`);
    }
  }

  async #send(route: string, options: AnyCall = {}): Promise<string> {
    const [method = '', template = ''] = route.split(' ');
    const path = template.replace(/{(\w+)}/g, (_, name: string) => encodeURIComponent(String(options.path?.[name])));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) {
        query.set(name, String(value));
      }
    }
    const target = `/_emulator${path}${query.size > 0 ? `?${query}` : ''}`;
    const headers: { [name: string]: string } =
      this.#controlKey === undefined ? {} : { 'X-Emulator-Key': this.#controlKey };
    return checked(`${method} ${target}`, await this.request(method, target, options.body, headers));
  }
}

function send(url: URL, options: https.RequestOptions, payload: string | undefined): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no response within ${TIMEOUT / 1000} s`)));
    request.on('error', reject);
    request.end(payload);
  });
}

/** Returns the text of a response. Throws ControlError with the reason if it is an error. */
function checked(call: string, response: HttpResponse): string {
  if (response.status < 400) {
    return response.text;
  }
  // The page of some other server: its first words are the best reason.
  let reason = response.text.replace(/\s+/g, ' ').slice(0, 200);
  try {
    const body = JSON.parse(response.text) as { detail?: string; message?: string };
    reason = body.detail ?? body.message ?? reason;
  } catch {
    // No JSON.
  }
  throw new ControlError(`${call} returned ${response.status}: ${reason}`, response.status);
}

function reasonOf(error: unknown): string {
  const { code, message, errors } = error as NodeJS.ErrnoException & { errors?: Error[] };
  switch (code) {
    case 'ECONNREFUSED':
      return 'the connection was refused';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'its certificate is not trusted; pass the file of its CA as caFile, or set NODE_EXTRA_CA_CERTS';
    default:
      return message || errors?.[0]?.message || String(error);
  }
}

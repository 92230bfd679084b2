// Globals of a custom function: `iml` with the built-in functions, and the clock and the random numbers of its world.
// Evaluated before the function, in a fresh engine; returns the function that calls the custom function.
// The encoding of values is described in conversion.py.
settings => {
  'use strict';
  const { host, JSON: { parse, stringify }, Date: RealDate } = globalThis;
  const { names, now, seed } = parse(settings);
  const DEPTH = 64;
  delete globalThis.host;

  function Clock(...parts) {
    return new.target ? Reflect.construct(RealDate, parts.length ? parts : [now], new.target) : new RealDate(now).toString();
  }
  Object.defineProperty(Clock, 'name', { value: 'Date' });
  Object.defineProperty(Clock, 'length', { value: 7 });
  Clock.prototype = RealDate.prototype;
  Clock.prototype.constructor = Clock;
  Clock.now = () => now;
  Clock.parse = RealDate.parse;
  Clock.UTC = RealDate.UTC;
  globalThis.Date = Clock;

  let state = seed;
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  const encode = (value, depth = 0) => {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) ? value : ['n', String(value)];
      case 'bigint':
        return encode(Number(value));
      case 'object':
        break;
      default:
        return null;
    }
    if (value === null) return null;
    if (depth === DEPTH) throw new RangeError('The value is nested too deep, or contains itself.');
    if (value instanceof RealDate) return Number.isNaN(value.getTime()) ? null : ['d', value.getTime()];
    if (value instanceof Promise) throw new TypeError('Asynchronous functions are not supported.');
    if (value instanceof ArrayBuffer) value = new Uint8Array(value);
    if (value instanceof Uint8Array) return ['b', value.toBase64()];
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      const items = [];
      // By index, so that holes are included.
      for (let index = 0; index < value.length; index++) items.push(encode(value[index], depth + 1));
      return ['a', items];
    }
    if (value instanceof Number || value instanceof String || value instanceof Boolean) return encode(value.valueOf());
    const entries = Object.create(null);
    for (const key of Object.keys(value)) {
      if (value[key] !== undefined) entries[key] = encode(value[key], depth + 1);
    }
    return entries;
  };

  const decode = value => {
    if (value === null || typeof value !== 'object') return value;
    if (!Array.isArray(value)) {
      for (const key of Object.keys(value)) value[key] = decode(value[key]);
      return value;
    }
    const [kind, content] = value;
    switch (kind) {
      case 'a':
        return content.map(decode);
      case 'd':
        return new RealDate(content);
      case 'b':
        return Uint8Array.fromBase64(content);
    }
    return Number(content);
  };

  const callHost = (name, values) => {
    const reply = parse(host(name, stringify(values.map(value => encode(value)))));
    if (reply.error !== undefined) throw new Error(reply.error);
    return decode(reply.value);
  };
  globalThis.iml = Object.freeze(
    Object.fromEntries(names.map(name => [name, (...values) => callHost(name, values)])),
  );

  const errorText = error => {
    // Without memory for an error, null is thrown.
    if (error === null) return 'out of memory';
    try {
      return String(error instanceof Error ? error.message || error.name : error);
    } catch {
      return 'unknown error';
    }
  };

  return (name, values) => {
    let reply;
    try {
      const own = globalThis[name];
      if (typeof own !== 'function') throw new ReferenceError(`${name} is not defined`);
      globalThis[name] = () => {
        throw new Error('A custom function cannot call itself.');
      };
      reply = { value: encode(own(...parse(values).map(decode))) };
    } catch (error) {
      reply = { error: errorText(error) };
    }
    return stringify(reply);
  };
}

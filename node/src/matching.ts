/** Globs, parts of JSON, similarity of texts, and other helpers of assertions. */

import type { Json } from './types.js';

/** The most requests, or sentences, that a failed assertion shows. */
export const MAX_SHOWN = 8;

/** The text in place of a secret. */
export const MASK = '********';

/** Returns true if a text matches a glob with `*`, `?` and `[…]`, as the server matches it. */
export function matchesGlob(text: string, glob: string): boolean {
  return globPattern(glob).test(text);
}

function globPattern(glob: string): RegExp {
  let source = '';
  for (let index = 0; index < glob.length; index++) {
    const character = glob[index] as string;
    if (character === '*') {
      source += '.*';
    } else if (character === '?') {
      source += '.';
    } else if (character === '[') {
      // A bracket right after the opening one belongs to the set.
      const start = index + (glob[index + 1] === '!' ? 2 : 1);
      const end = glob.indexOf(']', start + 1);
      if (end < 0) {
        source += '\\[';
      } else {
        const set = glob.slice(start, end).replace(/[\\\]^]/g, '\\$&');
        source += `[${start === index + 2 ? '^' : ''}${set}]`;
        index = end;
      }
    } else {
      source += character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    }
  }
  return new RegExp(`^${source}$`, 's');
}

/** Returns true if a URL matches a glob, with its query or without. */
export function matchesUrl(url: string, glob: string): boolean {
  return matchesGlob(url, glob) || matchesGlob(url.replace(/\?.*$/s, ''), glob);
}

/** Returns true if JSON includes a part: some fields of objects, at any depth; all else must be equal. */
export function includesJson(whole: unknown, part: unknown): boolean {
  if (isObject(part)) {
    return isObject(whole) && Object.entries(part).every(([name, value]) => name in whole && includesJson(whole[name], value));
  }
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && whole.length === part.length && part.every((each, index) => equalJson(whole[index], each))
    );
  }
  return whole === part;
}

function equalJson(left: unknown, right: unknown): boolean {
  return includesJson(left, right) && includesJson(right, left);
}

function isObject(value: unknown): value is { [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the similarity of two texts, from 0 to 1: the share of pairs of characters that they have in common. */
export function similarity(left: string, right: string): number {
  if (left === right) {
    return 1;
  }
  const [pairs, others] = [pairsOf(left), pairsOf(right)];
  const total = pairs.length + others.length;
  let common = 0;
  for (const pair of pairs) {
    const place = others.indexOf(pair);
    if (place >= 0) {
      others.splice(place, 1);
      common++;
    }
  }
  return total === 0 ? 0 : (2 * common) / total;
}

function pairsOf(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, index) => text.slice(index, index + 2));
}

/** Compares lists of numbers, the first difference counts. */
export function compareAll(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

export function pluralize(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function formatJson(value: unknown): string {
  return JSON.stringify(value as Json);
}

/** A failed assertion on a world; test runners show it as one of their own. */
export class WorldAssertionError extends Error {
  override readonly name = 'AssertionError';

  /** @param below - the function that the stack begins below: the assertion that was called. */
  constructor(message: string, below: (...args: never[]) => unknown) {
    super(message);
    Error.captureStackTrace(this, below);
  }
}

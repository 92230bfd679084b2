// Differences of two JSON values, each with its path.

import type { Json } from "./api";

export interface Difference {
  path: string;
  /** Undefined where the value is in one of both only. */
  left: Json | undefined;
  right: Json | undefined;
}

const isBranch = (value: Json | undefined): value is Json[] | { [name: string]: Json } => value !== null && typeof value === "object";

const step = (path: string, name: string, isArray: boolean): string => (isArray ? `${path}[${Number(name) + 1}]` : /^[\w$-]+$/.test(name) ? (path ? `${path}.${name}` : name) : `${path}["${name}"]`);

/** Differences in the order of the values, at most `limit`; items of arrays are counted from 1, as in formulas. */
export function differences(left: Json | undefined, right: Json | undefined, limit = 50): Difference[] {
  const found: Difference[] = [];
  const compare = (a: Json | undefined, b: Json | undefined, path: string): void => {
    if (found.length >= limit || Object.is(a, b)) return;
    if (isBranch(a) && isBranch(b) && Array.isArray(a) === Array.isArray(b)) {
      const [ours, theirs] = [a as { [name: string]: Json }, b as { [name: string]: Json }];
      for (const name of new Set([...Object.keys(ours), ...Object.keys(theirs)])) compare(ours[name], theirs[name], step(path, name, Array.isArray(a)));
    } else {
      found.push({ path: path || "value", left: a, right: b });
    }
  };
  compare(left, right, "");
  return found;
}

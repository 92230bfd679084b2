// Hooks: where the page is, data that follow the world, and the state of an action.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { ApiError, control, controlHeaders, make, type World, worldPath } from "./api";

export interface Place {
  parts: string[];
  query: URLSearchParams;
}

function parsePlace(): Place {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The parts of the address after `#`, which change without a load. */
export function usePlace(): Place {
  const [place, setPlace] = useState(parsePlace);
  useEffect(() => {
    const follow = () => setPlace(parsePlace());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return place;
}

export const href = (...parts: (string | number)[]): string => `#/${parts.map((part) => encodeURIComponent(part)).join("/")}`;

export function go(...parts: (string | number)[]): void {
  location.hash = href(...parts);
}

export interface Changes {
  /** Changes with the state of the world. */
  tick: number;
  /** Changes with the request log. */
  requests: number;
  refresh: () => void;
  live: boolean;
}

interface WorldState {
  request: number;
  state: number;
  frozen: boolean;
  now: string | null;
}

/** Numbers that change whenever the world does: by an event stream, or by looking every two seconds where there is none. */
export function useChanges(world: string | null): Changes {
  const [tick, setTick] = useState(0);
  const [requests, setRequests] = useState(0);
  const [live, setLive] = useState(true);
  const refresh = useCallback(() => setTick((count) => count + 1), []);
  useEffect(() => {
    if (world === null) return undefined;
    const stop = new AbortController();
    const url = `/_emulator${worldPath(world)}/events`;
    let known: WorldState | null = null;
    let timer: number | undefined;
    const take = (state: WorldState) => {
      if (known !== null && known.request !== state.request) setRequests((count) => count + 1);
      if (known !== null && (known.state !== state.state || known.frozen !== state.frozen || known.now !== state.now)) refresh();
      known = state;
    };
    const poll = async () => {
      try {
        const response = await fetch(url, { headers: { ...controlHeaders() }, signal: stop.signal, cache: "no-store" });
        setLive(response.ok);
        if (response.ok) take((await response.json()) as WorldState);
      } catch {
        if (!stop.signal.aborted) setLive(false);
      }
      if (!stop.signal.aborted) timer = window.setTimeout(() => void follow(), 2000);
    };
    const follow = async () => {
      try {
        const response = await fetch(url, { headers: { ...controlHeaders(), Accept: "text/event-stream" }, signal: stop.signal, cache: "no-store" });
        if (!response.ok || !response.body) throw new Error("no stream");
        setLive(true);
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          const events = (rest + value).split("\n\n");
          rest = events.pop() ?? "";
          for (const event of events) if (event.startsWith("data: ")) take(JSON.parse(event.slice(6)) as WorldState);
        }
      } catch {
        if (stop.signal.aborted) return;
      }
      if (!stop.signal.aborted) void poll();
    };
    void follow();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [world, refresh]);
  return { tick, requests, refresh, live };
}

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
  reload: () => void;
}

/** The answer of a call of the control API, called again when one of `changes` does; the old answer stays until the new one is there. */
export function useControl<T>(path: string | null, ...changes: unknown[]): Loaded<T> {
  return useCall(path, (each) => control<T>(each), ...changes);
}

function useCall<T>(path: string | null, call: (path: string) => Promise<T>, ...changes: unknown[]): Loaded<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; error: ApiError | null; loading: boolean }>({ path: null, data: null, error: null, loading: true });
  const [again, setAgain] = useState(0);
  const latest = useRef(0);
  useEffect(() => {
    if (path === null) {
      setState({ path: null, data: null, error: null, loading: false });
      return;
    }
    const number = ++latest.current;
    setState((old) => (old.path === path ? old : { path, data: null, error: null, loading: true }));
    call(path).then(
      (data) => {
        if (number === latest.current) setState({ path, data, error: null, loading: false });
      },
      (error: unknown) => {
        const known = error instanceof ApiError ? error : new ApiError(0, String(error));
        if (number === latest.current) setState((old) => ({ path, data: known.status === 0 ? old.data : null, error: known, loading: false }));
      },
    );
  }, [path, again, ...changes]);
  const reload = useCallback(() => setAgain((count) => count + 1), []);
  return { data: state.path === path ? state.data : null, error: state.error, loading: state.loading, reload };
}

export interface Action {
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  busy: boolean;
  error: ApiError | null;
  clear: () => void;
}

/** State of an action of a person: busy, and the error with which it ended. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (problem) {
      setError(problem instanceof ApiError ? problem : new ApiError(0, problem instanceof Error ? problem.message : String(problem)));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  const clear = useCallback(() => setError(null), []);
  return { run, busy, error, clear };
}

/** The answer of a call of the emulated API with the token of a world. */
export function useMake<T>(world: World, path: string | null, ...changes: unknown[]): Loaded<T> {
  return useCall(path, (each) => make<T>(world, each), world.token, ...changes);
}

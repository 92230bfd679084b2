"""The program of a worker: runs pieces of JavaScript, one after the other, each in an engine of its own.

Run by `make_emulator.engine.javascript.pool` as a script; it imports nothing of ours, and has no descriptors but its pipes. The
engine has no files, no network and no modules, only what the language has by itself.

On its first line it reads the names of the built-in functions; then a task a line, ``{"code", "name"?, "arguments"?, "now", "seed", "limit"}``,
each of which it answers with one line, ``{"value"}`` or ``{"error"}`` and the milliseconds of computing in ``"spent"``. In between it
may ask for a built-in function, ``{"ask", "arguments"}``, and reads a line with its ``"value"`` or ``"error"``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

#: Milliseconds of computing that a function may take; bytes that it may fill; bytes of its stack; characters of its result, and
#: of the text of an error.
TIME_LIMIT = 300
MEMORY_LIMIT = 64 * 1024 * 1024
STACK_LIMIT = 256 * 1024
MAX_RESULT_LENGTH = 16 * 1024 * 1024
MAX_ERROR_LENGTH = 10_000

_PRELUDE = Path(__file__).with_name("prelude.js")


def _send(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


def _call_host(name: str, arguments: str) -> str:
    """Call a built-in function; JSON in, JSON out."""
    _send({"ask": name, "arguments": arguments})
    answer = sys.stdin.buffer.readline()
    if not answer:
        os._exit(0)
    return answer.decode()


def _set_time_limit(milliseconds: int) -> None:
    """End the process when it has computed for so long; 0 lifts the limit. Where there is no such clock, the other end sees to it."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, milliseconds / 1000)


def _run_task(task: dict[str, Any], quickjs: Any, prelude: str, names: list[str]) -> dict[str, Any]:
    context = quickjs.Context()
    context.set_memory_limit(MEMORY_LIMIT)
    context.set_max_stack_size(STACK_LIMIT)
    context.add_callable("host", _call_host)
    try:
        surroundings = {"names": names, "now": task["now"], "seed": task["seed"]}
        # As JSON: a number that crosses by itself loses what does not fit into 32 bits.
        call = context.eval(prelude)(json.dumps(surroundings))
        context.eval(task["code"])
        reply = call(task["name"], task["arguments"]) if "name" in task else '{"value": null}'
    except quickjs.JSException as error:
        text = str(error).partition("\n")[0]
        # The engine has no room left even for the error.
        return {"error": "out of memory" if text == "null" else text[:MAX_ERROR_LENGTH]}
    if not isinstance(reply, str) or len(reply) > MAX_RESULT_LENGTH:
        return {"error": "The result is too large."}
    answer = json.loads(reply)
    # The function may have changed how objects are written: nothing else that stands there is passed on, least of all a question.
    return (
        {"error": str(answer["error"])[:MAX_ERROR_LENGTH]}
        if "error" in answer
        else {"value": answer["value"]}
    )


def main() -> None:
    # Ctrl-C is sent to the whole group of processes; this one ends when its pipe is closed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Where the other end found it, which may be a place that this interpreter does not look into.
    sys.path.append(sys.argv[1])
    import quickjs

    prelude = _PRELUDE.read_text("utf-8")
    names = json.loads(sys.stdin.buffer.readline())
    for line in iter(sys.stdin.buffer.readline, b""):
        task = json.loads(line)
        began = time.process_time()
        _set_time_limit(task["limit"])
        try:
            reply = _run_task(task, quickjs, prelude, names)
        except Exception as error:
            reply = {"error": f"The result cannot be read: {type(error).__name__}."}
        _set_time_limit(0)
        _send({**reply, "spent": round(1000 * (time.process_time() - began))})


if __name__ == "__main__":
    main()

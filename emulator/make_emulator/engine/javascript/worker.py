"""Script of a worker process: runs tasks of JavaScript, one after the other, each in an engine of its own.

Started by `make_emulator.engine.javascript.pool`; it imports nothing of this package, and has no descriptors but its pipes. The
engine has no files, no network and no modules, only the language.

The first line of its input has the names of the built-in functions; each further line is a task, ``{"code", "name"?, "arguments"?, "now",
"seed", "limit"}``, with a reply of one line, ``{"value"}`` or ``{"error"}`` and the milliseconds of CPU time in ``"spent"``. In between
the worker may call a built-in function, ``{"call", "arguments"}``, and reads a line with its ``"value"`` or ``"error"``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

#: Limits of a function: milliseconds of CPU time, bytes of memory, bytes of the stack, characters of its result and of the
#: text of an error.
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
    """Calls a built-in function; arguments and result are JSON."""
    _send({"call": name, "arguments": arguments})
    reply = sys.stdin.buffer.readline()
    if not reply:
        os._exit(0)
    return reply.decode()


def _set_time_limit(milliseconds: int) -> None:
    """Limits the CPU time of the process from now on, 0 for no limit; without such a timer, only the pool's timeout applies."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, milliseconds / 1000)


def _run_task(task: dict[str, Any], quickjs: Any, prelude: str, names: list[str]) -> dict[str, Any]:
    context = quickjs.Context()
    context.set_memory_limit(MEMORY_LIMIT)
    context.set_max_stack_size(STACK_LIMIT)
    context.add_callable("host", _call_host)
    try:
        settings = {"names": names, "now": task["now"], "seed": task["seed"]}
        # As JSON: a number that is passed directly is truncated to 32 bits.
        call = context.eval(prelude)(json.dumps(settings))
        context.eval(task["code"])
        reply = call(task["name"], task["arguments"]) if "name" in task else '{"value": null}'
    except quickjs.JSException as error:
        text = str(error).partition("\n")[0]
        # The engine has no memory left even for the error.
        return {"error": "out of memory" if text == "null" else text[:MAX_ERROR_LENGTH]}
    if not isinstance(reply, str) or len(reply) > MAX_RESULT_LENGTH:
        return {"error": "The result is too large."}
    result = json.loads(reply)
    # The function may have changed the serialization of objects: no other key is passed on, least of all a call.
    return (
        {"error": str(result["error"])[:MAX_ERROR_LENGTH]}
        if "error" in result
        else {"value": result["value"]}
    )


def main() -> None:
    # Ctrl-C goes to the whole process group; this process ends when its pipe is closed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Path of the engine, which may be outside of the search path of this isolated interpreter.
    sys.path.append(sys.argv[1])
    import quickjs

    prelude = _PRELUDE.read_text("utf-8")
    names = json.loads(sys.stdin.buffer.readline())
    for line in iter(sys.stdin.buffer.readline, b""):
        task = json.loads(line)
        start = time.process_time()
        _set_time_limit(task["limit"])
        try:
            reply = _run_task(task, quickjs, prelude, names)
        except Exception as error:
            reply = {"error": f"The result cannot be read: {type(error).__name__}."}
        _set_time_limit(0)
        _send({**reply, "spent": round(1000 * (time.process_time() - start))})


if __name__ == "__main__":
    main()

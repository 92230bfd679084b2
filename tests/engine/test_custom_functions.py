"""Custom functions in expressions, and limits of hostile ones."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import (
    EngineHarness,
    error_of,
    last_module_output,
    module,
    outputs_of,
    render_text,
    return_data,
    set_variable,
)
from make_emulator.engine import custom_functions
from make_emulator.engine.budget import MAX_WORK, Budget
from make_emulator.engine.expressions.context import Bundle, Environment, Scope
from make_emulator.engine.expressions.evaluator import render
from make_emulator.engine.expressions.functions import FUNCTIONS
from make_emulator.engine.expressions.values import Value, date_from_milliseconds
from make_emulator.engine.javascript import pool, worker
from make_emulator.world import functions

NOW = 1_481_212_557_536


class Workshop(EngineHarness):
    """A harness whose team has functions."""

    def write(self, *codes: str) -> None:
        for code in codes:
            name = code.split("(")[0].removeprefix("function ")
            functions.create(self.world, self.user, self.team, name=name, description="", code=code)

    def worth(self, text: str, budget: Budget | None = None, **data: Value) -> Any:
        """Value of a text where these are the fields of the bundle of module 1."""

        def find(name: str) -> Any:
            return custom_functions.find_function(self.world, self.team.id, name)

        scope = Scope().with_bundle(1, Bundle(data))
        return render(text, Environment(budget or Budget(), scope=scope, now=NOW, functions=find))

    def error(self, text: str, *, code: str) -> str:
        """Message of the error of a run that maps a text."""
        self.write(code)
        # Ample work, so that the limit of the function itself is the first to be reached.
        name, message = error_of(self.run(set_variable(1, text), budget=Budget(work=100 * MAX_WORK)))
        assert name == "DataError"
        return message.removeprefix("Failed to map 'value': ")


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


# --- values --------------------------------------------------------------------------------------


def test_an_expression_calls_a_function_of_the_team(workshop: Workshop) -> None:
    workshop.write("function twice(x) { return 2 * x; }")
    assert last_module_output(set_variable(1, "{{twice(21)}}"), harness=workshop) == [{"x": 42}]
    assert workshop.worth("{{twice(twice(1)) + 1}} and {{twice(4)}}") == "5 and 8"


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("text", "string text"),
        (5, "number 5"),
        (2.5, "number 2.5"),
        (True, "boolean true"),
        (None, "object null"),
        ([1, 2], "object 1,2"),
        ({"a": 1}, "object [object Object]"),
        (date_from_milliseconds(NOW), "object 2016-12-08T15:55:57.536Z Date"),
        (b"\x00\xff", "object 0,255 Uint8Array"),
    ],
)
def test_a_value_is_of_its_type_in_javascript(workshop: Workshop, value: Value, seen: str) -> None:
    workshop.write(
        """function look(x) {
          const kind = x instanceof Date ? " Date" : x instanceof Uint8Array ? " Uint8Array" : "";
          return `${typeof x} ${x instanceof Date ? x.toISOString() : String(x)}${kind}`;
        }"""
    )
    assert workshop.worth("{{look(1.value)}}", value=value) == seen


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer())
    | st.text()
    | st.binary()
    | st.integers(0, 2**42).map(date_from_milliseconds)
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(value=_VALUES)
def test_a_value_that_goes_through_a_function_comes_back_as_it_was(value: Value) -> None:
    workshop = Workshop()
    workshop.write("function same(x) { return x; }")
    assert workshop.worth("{{same(1.value)}}", value=value) == value


@pytest.mark.parametrize(
    ("made", "value"),
    [
        ("undefined", None),
        ("null", None),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("2 ** 60", float(2**60)),
        ("10n ** 3n", 1000),
        ("new Date(NaN)", None),
        ("() => 1", None),
        ("Symbol('x')", None),
        ("[1, , undefined]", [1, None, None]),
        ("({ a: undefined, b: { c: new Date(0) } })", {"b": {"c": date_from_milliseconds(0)}}),
        ("JSON.parse('{\"__proto__\": 1}')", {"__proto__": 1}),
        ("new Map([[1, 2]])", {}),
        ("new ArrayBuffer(2)", b"\0\0"),
        ("new Number(4)", 4),
        ("'\\ud83d\\ude00'", "😀"),
        ("'a\\u0000b'", "a\0b"),
    ],
)
def test_what_javascript_makes_becomes_a_value(workshop: Workshop, made: str, value: Value) -> None:
    workshop.write(f"function make() {{ return {made}; }}")
    came = workshop.worth("{{make()}}")
    assert came == value or str(came).lower() == str(value).lower().replace("infinity", "inf")


def test_an_argument_that_is_left_out_is_undefined_and_an_empty_one_is_null(workshop: Workshop) -> None:
    workshop.write("function look(a, b, c) { return [typeof a, b === null, typeof c, arguments.length]; }")
    assert workshop.worth("{{look(1; ; )}}") == ["number", True, "object", 3]
    assert workshop.worth("{{look()}}") == ["undefined", False, "undefined", 0]


def test_ignore_and_erase_mean_nothing_to_a_function(workshop: Workshop) -> None:
    workshop.write("function isNull(x) { return x === null; }")
    assert workshop.worth("{{isNull(ignore)}} {{isNull(erase)}}") == "true true"


# --- what a function finds around itself ---------------------------------------------------------


def test_built_in_functions_are_called_by_iml(workshop: Workshop) -> None:
    workshop.write(
        """function describe(people, day) {
          const names = iml.join(iml.map(people, "name"), " & ");
          return `${iml.upper(names)} ${iml.formatDate(day, "YYYY-MM-DD HH:mm")} ${iml.length("four")}`;
        }"""
    )
    people = [{"name": "Ann"}, {"name": "Bob"}]
    assert workshop.worth("{{describe(1.people; now)}}", people=people) == "ANN & BOB 2016-12-08 15:55 4"


def test_dates_are_written_in_the_zone_of_the_organization(workshop: Workshop) -> None:
    workshop.write("function hour(day) { return iml.formatDate(day, 'HH'); }")
    given_back = last_module_output(set_variable(1, "{{hour('2016-12-08T15:55:57Z')}}"), harness=workshop)
    assert given_back == [{"x": "16"}]


def test_every_built_in_function_is_there_and_nothing_else(workshop: Workshop) -> None:
    workshop.write("function known() { return Object.keys(iml); }")
    assert workshop.worth("{{known()}}") == list(FUNCTIONS)


def test_an_error_of_a_built_in_function_can_be_caught(workshop: Workshop) -> None:
    workshop.write(
        "function careful() { try { return iml.parseNumber(); } catch (error) { return error.message; } }",
        "function careless() { return iml.formatDate('never', 'YYYY'); }",
    )
    assert workshop.worth("{{careful()}}") == "Wrong number of arguments: 0."
    assert error_of(workshop.run(set_variable(1, "{{careless()}}")))[1] == (
        "Failed to map 'value': Function 'careless' finished with error! 'never' is not a valid date."
    )


def test_the_time_is_that_of_the_world_and_chance_repeats(workshop: Workshop) -> None:
    workshop.write("function look() { return [Date.now(), new Date(), Math.random(), Math.random()]; }")
    now, date, one, other = workshop.worth("{{look()}}")
    assert (now, date) == (NOW, date_from_milliseconds(NOW))
    assert 0 <= one < 1
    assert one != other
    assert workshop.worth("{{look()}}") == [now, date, one, other]


def test_the_local_time_of_javascript_is_utc(workshop: Workshop) -> None:
    workshop.write("function look() { return [new Date().getHours(), new Date(2020, 0, 1)]; }")
    assert workshop.worth("{{look()}}") == [15, date_from_milliseconds(1_577_836_800_000)]


@pytest.mark.parametrize(
    "name", ["require", "process", "fetch", "setTimeout", "console", "XMLHttpRequest", "std", "os", "host"]
)
def test_there_is_nothing_but_the_language(workshop: Workshop, name: str) -> None:
    workshop.write("function look(name) { return typeof globalThis[name]; }")
    assert workshop.worth("{{look(1.name)}}", name=name) == "undefined"


def test_a_call_leaves_nothing_to_the_next_one(workshop: Workshop) -> None:
    workshop.write(
        "function count() { globalThis.n = (globalThis.n || 0) + 1; Array.prototype.map = null; return n; }"
    )
    assert [workshop.worth("{{count()}}") for _ in range(3)] == [1, 1, 1]


def test_variables_need_no_declaration(workshop: Workshop) -> None:
    workshop.write("function sum(a, b) { result = a + b; return result; }")
    assert workshop.worth("{{sum(1; 2)}}") == 3


# --- whose function it is ------------------------------------------------------------------------


def test_a_function_of_another_team_is_not_found(workshop: Workshop) -> None:
    workshop.write("function twice(x) { return 2 * x; }")
    [row] = workshop.world.functions
    workshop.world.functions.put(replace(row, team_id=99))
    assert error_of(workshop.run(set_variable(1, "{{twice(1)}}"))) == (
        "DataError",
        "Failed to map 'value': Function 'twice' not found!",
    )


def test_a_plan_without_custom_functions_finds_none(workshop: Workshop) -> None:
    workshop.write("function twice(x) { return 2 * x; }")
    [organization] = workshop.world.organizations
    license = replace(organization.license, custom_functions=False)
    workshop.world.organizations.put(replace(organization, license=license))
    assert error_of(workshop.run(set_variable(1, "{{twice(1)}}")))[1].endswith("Function 'twice' not found!")


def test_a_function_works_in_filters_and_in_the_outputs_of_a_scenario(workshop: Workshop) -> None:
    workshop.write("function isBig(x) { return x > 10; }")
    gate = {"conditions": [[{"a": "{{isBig(1.x)}}", "o": "boolean:equal", "b": "{{true}}"}]]}
    flow = [set_variable(1, "{{11}}"), return_data(2, big="{{isBig(1.x)}}")]
    flow[1]["filter"] = {"name": "Big", **gate}
    run = workshop.run(*flow, output_spec=[{"name": "big", "type": "boolean"}])
    assert run.outputs == {"big": True}


def test_an_error_handler_takes_the_error_of_a_function(workshop: Workshop) -> None:
    workshop.write("function boom() { throw new Error('no'); }")
    failing = set_variable(1, "{{boom()}}", onerror=[module(2, "builtin:Ignore")])
    assert workshop.run(failing).error is None


def test_the_scenarios_that_use_a_function_are_found_in_nested_calls_only(workshop: Workshop) -> None:
    workshop.write("function twice(x) { return 2 * x; }")
    [function] = workshop.world.functions
    used = [
        workshop.scenario(set_variable(1, text))
        for text in ("{{twice(1)}}", "a {{upper(if(true; -twice(1) + 1; 2))}} b", ["{{1 + twice()}}"])
    ]
    for text in ("twice(1)", '{{"twice(1)"}}', "{{twice}}", "{{twice.x}}", "{{twicer(1)}}", "{{twice("):
        workshop.scenario(set_variable(1, text))
    assert custom_functions.find_callers(workshop.world, function) == used


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        ("throw new Error('no')", "no"),
        ("throw new TypeError()", "TypeError"),
        ("throw 'text'", "text"),
        ("throw { toString() { throw 1; } }", "unknown error"),
        ("return missing.field", "missing is not defined"),
        ("return Promise.resolve(1)", "Asynchronous functions are not supported."),
        ("return broken(1)", "A custom function cannot call itself."),
        ("const x = {}; x.x = x; return x", "The value is nested too deep, or contains itself."),
        ("return new Date(8e15)", "The date is out of range."),
        ("return 'x'.repeat(2e7)", "The result is too large."),
    ],
)
def test_an_error_is_reported_as_that_of_the_function(workshop: Workshop, body: str, reported: str) -> None:
    message = workshop.error("{{broken()}}", code=f"function broken() {{ {body}; }}")
    assert message == f"Function 'broken' finished with error! {reported}"


def test_code_that_is_no_javascript_fails_when_it_is_called(workshop: Workshop) -> None:
    message = workshop.error("{{broken()}}", code="function broken() { return ( }")
    assert message.startswith("Function 'broken' finished with error! SyntaxError: ")


def test_without_an_engine_the_run_says_what_to_install(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_idle_workers", [])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    workshop.write("function twice(x) { return 2 * x; }")
    ignored = set_variable(1, "{{twice(1)}}", onerror=[module(2, "builtin:Ignore")])
    assert error_of(workshop.run(ignored)) == (
        "RuntimeError",
        "Custom functions need a JavaScript engine: pip install 'make-emulator[functions]'",
    )


# --- what a hostile function cannot do -----------------------------------------------------------

TIMED_OUT = "Function 'hostile' finished with error! Script execution timed out after 300ms"


@pytest.mark.usefixtures("makes_time_limit")
@pytest.mark.parametrize(
    "body",
    [
        "while (true);",
        "while (true) { try { while (true); } catch { continue; } finally { while (true); } }",
        "/^(a+)+$/.test('a'.repeat(60) + 'b')",
        # An engine cannot be interrupted by its own checks in these.
        "Array.prototype.reverse.call({ length: 2 ** 53 - 1 })",
        "const text = 'a'.repeat(3e7); for (let i = 0; i < 1e6; i++) text.indexOf('b')",
        "while (true) iml.length('a')",
    ],
)
def test_a_function_that_does_not_end_is_ended(workshop: Workshop, body: str) -> None:
    assert workshop.error("{{hostile()}}", code=f"function hostile() {{ {body} }}") == TIMED_OUT
    workshop.write("function fine() { return 1; }")
    assert workshop.worth("{{fine()}}") == 1


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        ("const all = []; while (true) all.push(new Uint8Array(4e6))", "out of memory"),
        ("return 'x'.repeat(1e9)", "out of memory"),
        ("return new Uint8Array(1e9)", "out of memory"),
        ("return 2n ** (2n ** 40n)", "BigInt is too large"),
        ("const deep = () => deep() + 1; return deep()", "Maximum call stack size exceeded"),
        ("return '('.repeat(1e6).match(RegExp('('.repeat(1e5) + ')'.repeat(1e5)))", ""),
    ],
)
def test_a_function_that_wants_too_much_fails(workshop: Workshop, body: str, reported: str) -> None:
    message = workshop.error("{{hostile()}}", code=f"function hostile() {{ {body}; }}")
    assert message.startswith(f"Function 'hostile' finished with error! {reported}")


@pytest.mark.parametrize(
    "body",
    [
        'JSON.stringify = () => \'{"ask": "length"}\'; return {}',
        "JSON.parse = null; Array.isArray = () => true; Object.keys = () => ['x']; return { a: 1 }",
        "Object.prototype.toJSON = () => ['z']; return { a: [1] }",
        "Object.prototype.error = 'mine'; return iml.length('abc')",
        "Array.prototype[Symbol.iterator] = null; Array.prototype.map = () => 5; return iml.length('abc')",
        "Function.prototype.call = Function.prototype.apply = null; globalThis.hostile = 5; return [new Date()]",
        "delete globalThis.iml; globalThis.undefined = 1; Promise = Date = Number = String = null; return 1",
        "return new Proxy({}, { ownKeys() { throw 5; } })",
        "return { get a() { return this; } }",
        "return Object.defineProperty([], 'length', { value: 2 ** 32 - 1 })",
        "iml.length.constructor('return host')()",
    ],
)
def test_meddling_with_the_engine_spoils_nothing_but_the_call(workshop: Workshop, body: str) -> None:
    workshop.write(f"function hostile() {{ {body}; }}", "function fine(x) { return iml.length(x); }")
    run = workshop.run(set_variable(1, "{{hostile()}}"))
    assert run.error is None or run.error.message.startswith(
        "Failed to map 'value': Function 'hostile' finished"
    )
    assert workshop.worth("{{fine('four')}}") == 4


def test_a_run_cannot_compute_for_ever_in_short_calls(workshop: Workshop) -> None:
    workshop.write("function slow() { const end = 150; for (let i = 0; i < 3e6; i++); return end; }")
    calls = "".join("{{slow()}}" for _ in range(10_000))
    run = workshop.run(set_variable(1, calls), budget=Budget(work=200_000))
    assert error_of(run) == ("ScenarioTimeoutError", "The run takes too long.")


@pytest.mark.usefixtures("makes_time_limit")
def test_time_outs_that_an_error_handler_ignores_end_the_run_at_last(workshop: Workshop) -> None:
    workshop.write("function hostile() { while (true); }")
    run = workshop.run(
        module(1, "builtin:BasicFeeder", {"array": "{{split('a,b,c,d,e,f,g,h'; ',')}}"}),
        set_variable(2, "{{hostile()}}", onerror=[module(3, "builtin:Ignore")]),
        budget=Budget(work=400_000),
    )
    assert error_of(run) == ("ScenarioTimeoutError", "The run takes too long.")


def test_asking_for_built_in_functions_is_work(workshop: Workshop) -> None:
    workshop.write("function many() { for (let i = 0; i < 1e6; i++) iml.length('a'); }")
    run = workshop.run(set_variable(1, "{{many()}}"), budget=Budget(work=5_000))
    assert error_of(run) == ("ScenarioTimeoutError", "The run takes too long.")


def test_functions_of_several_threads_do_not_meet() -> None:
    def work(number: int) -> list[Value]:
        workshop = Workshop()
        workshop.write("function mine(x) { return [x, iml.length('a'.repeat(x))]; }")
        return [workshop.worth("{{mine(1.x)}}", x=number + n) for n in range(20)]

    with ThreadPoolExecutor(6) as pool:
        for number, values in enumerate(pool.map(work, range(6))):
            assert values == [[number + n] * 2 for n in range(20)]


@pytest.mark.parametrize("limit", ["", "0", "-5", "soon", "9" * 5000])
def test_the_time_limit_is_makes_unless_the_environment_sets_a_valid_one(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setenv(pool.TIME_LIMIT_VARIABLE, limit)
    assert pool.time_limit() == 300
    monkeypatch.setenv(pool.TIME_LIMIT_VARIABLE, "50")
    assert custom_functions.find_code_error("while (true);") == "Script execution timed out after 50ms"


def test_a_worker_that_was_killed_is_replaced(workshop: Workshop) -> None:
    workshop.write("function fine() { return 1; }")
    assert workshop.worth("{{fine()}}") == 1
    for one in pool._idle_workers:
        one._process.kill()
        one._process.wait()
    assert workshop.worth("{{fine()}}") == 1


def test_a_worker_that_breaks_down_fails_the_call(workshop: Workshop) -> None:
    workshop.write("function ask() { return iml.length('a'); }")
    [function] = workshop.world.functions

    def kill(name: str, arguments: Any) -> Any:
        running[-1].kill()

    running: list[Any] = []
    start: Callable[..., Any] = subprocess.Popen

    def popen(*args: Any, **options: Any) -> Any:
        running.append(start(*args, **options))
        return running[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "_idle_workers", [])
        patch.setattr(subprocess, "Popen", popen)
        task = {"code": function.code, "name": "ask", "arguments": "[]", "now": 0, "seed": 0}
        with pytest.raises(pool.ScriptError, match=r"The JavaScript engine broke down\."):
            pool.run_task(task, kill, ["length"])


def test_a_worker_sees_nothing_of_our_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_idle_workers", [])
    started: list[dict[str, Any]] = []
    start: Callable[..., Any] = subprocess.Popen

    def popen(*args: Any, **options: Any) -> Any:
        started.append(options)
        return start(*args, **options)

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setenv("MAKE_API_KEY", "secret")
    workshop = Workshop()
    workshop.write("function fine() { return 1; }")
    assert workshop.worth("{{fine()}}") == 1
    pool._close_idle_workers()
    [options] = started
    assert options["env"].keys() <= {"TZ", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
    assert "pass_fds" not in options


def test_a_process_that_called_functions_ends_without_a_trace() -> None:
    code = """
from make_emulator.engine.custom_functions import find_code_error
from make_emulator.engine.javascript import pool
assert find_code_error("function f() {}") is None
print(pool._idle_workers[0]._process.pid)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip().isdigit()
    assert ended.stderr == ""


def test_built_in_functions_do_not_start_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "run_task", None)
    assert render_text("{{upper('a')}}") == "A"


def test_outputs_hold_what_the_function_made(workshop: Workshop) -> None:
    workshop.write("function pair(x) { return { x, list: [x, x] }; }")
    run = workshop.run(set_variable(1, "{{pair(3)}}"), set_variable(2, "{{1.x.list[2]}}"))
    assert outputs_of(run, 2) == [{"x": 3}]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_that_is_forked_has_workers_of_its_own() -> None:
    code = """
import os
from make_emulator.engine.custom_functions import find_code_error
from make_emulator.engine.javascript import pool

def mine():
    assert find_code_error("function f() {}") is None
    [one] = pool._idle_workers
    return one._process.pid

before = mine()
if (child := os.fork()) == 0:
    os._exit(0 if mine() != before else 1)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), mine() == before)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("0 True\n", "")


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ("{ask: 'nonsense', arguments: '[]'}", "The result cannot be read: KeyError."),
        ("{ask: 'upper'}", "The result cannot be read: KeyError."),
        ("[1]", "The result cannot be read: TypeError."),
    ],
)
def test_a_function_that_changes_how_json_is_written_asks_for_nothing(
    workshop: Workshop, written: str, result: str
) -> None:
    code = f"function f() {{ Object.prototype.toJSON = () => ({written}); return {{a: 1}}; }}"
    assert workshop.error("{{f()}}", code=code) == f"Function 'f' finished with error! {result}"


def test_arguments_that_are_no_json_can_be_caught(workshop: Workshop) -> None:
    workshop.write(
        "function f() { Array.prototype.toJSON = () => undefined;"
        " try { return iml.upper('a'); } catch (error) { return error.message; } }"
    )
    assert workshop.worth("{{f()}}") == "The arguments cannot be read."


def test_what_is_nested_too_deep_to_be_read_breaks_no_more_than_the_function(workshop: Workshop) -> None:
    code = """function f() {
      let deep = 1;
      for (let i = 0; i < 970; i++) deep = [deep];
      Object.prototype.toJSON = function () { return this.value === undefined ? this : { value: deep }; };
      return { a: 1 };
    }"""
    # How much is too deep for the reader is Python's matter; either way it is more than a value may be.
    said = workshop.error("{{f()}}", code=code).removeprefix("Function 'f' finished with error! ")
    assert said in ("The result is nested too deep.", "The result cannot be read.")


def test_the_text_of_an_error_is_of_whole_characters_and_has_an_end(workshop: Workshop) -> None:
    halved = workshop.error("{{f()}}", code="function f() { throw new Error('\\ud800!'); }")
    assert halved == "Function 'f' finished with error! \N{REPLACEMENT CHARACTER}!"
    endless = workshop.error("{{g()}}", code="function g() { throw 'x'.repeat(5e6); }")
    assert endless == f"Function 'g' finished with error! {'x' * worker.MAX_ERROR_LENGTH}"


@pytest.mark.parametrize("program", ["", None, "/nowhere/python"])
def test_a_system_without_a_program_to_start_fails_the_run_only(
    workshop: Workshop, program: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_idle_workers", [])
    monkeypatch.setattr(sys, "executable", program)
    workshop.write("function f() { return 1; }")
    assert error_of(workshop.run(set_variable(1, "{{f()}}"))) == (
        "RuntimeError",
        "Custom functions need a process of their own, which cannot be started.",
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_worker_ends_with_its_process_though_a_forked_one_lives_on() -> None:
    code = """
import os, signal
from make_emulator.engine.custom_functions import find_code_error
from make_emulator.engine.javascript import pool

assert find_code_error("function f() {}") is None
[one] = pool._idle_workers
here, there = os.pipe()
if os.fork() == 0:
    os.close(there)
    os.read(here, 1)
    # The parent is gone, and the end of the pipe that it had.
    print("closed" if one._process.stdin.closed and one._process.stdout.closed else "open", flush=True)
    os._exit(0)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("closed\n", "")

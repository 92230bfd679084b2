"""Reading of snapshots in pieces: any layout of JSON, and nothing that is not JSON."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.api import ApiClient
from make_emulator.world import snapshot, snapshot_reader
from make_emulator.world.snapshot_reader import InvalidSnapshotError

PIECE_SIZE = 64


@pytest.fixture(autouse=True, scope="module")
def _small_pieces() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot_reader, "_PIECE_SIZE", PIECE_SIZE)
        yield


def read_whole(text: bytes) -> dict[str, Any]:
    """The document in a text, read in pieces and joined."""
    header, rows = snapshot_reader.read(io.BytesIO(text))
    if rows is None:
        return header
    sections: dict[str, Any] = {}
    for name, values in rows:
        if type(values) is list and name in sections:
            sections[name].extend(values)
        else:
            sections[name] = values
    return {**header, "rows": sections}


texts = st.text(st.sampled_from('ab"\\{}[],: \n\N{LATIN SMALL LETTER E WITH ACUTE}'), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
rows = st.fixed_dictionaries({"id": values}, optional={"data": values, "a": values})
sections = st.dictionaries(texts, st.lists(rows | values, max_size=12) | values, max_size=4)
documents = st.tuples(
    st.dictionaries(texts.filter("rows".__ne__), values, max_size=3),
    st.none() | sections,
    st.dictionaries(texts.filter("rows".__ne__), values, max_size=3),
).map(lambda parts: {**parts[0], **({} if parts[1] is None else {"rows": parts[1]}), **parts[2]})
layouts = st.sampled_from(
    [0, orjson.OPT_INDENT_2, orjson.OPT_SORT_KEYS, orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2]
)


@given(document=documents, layout=layouts)
def test_any_document_in_any_layout_is_read_as_json(document: dict[str, Any], layout: int) -> None:
    text = orjson.dumps(document, option=layout)
    assert read_whole(text) == orjson.loads(text)
    assert read_whole(b"\n " + text + b"\r\n\t ") == orjson.loads(text)


@given(document=documents, data=st.data())
def test_text_that_is_no_json_is_rejected_as_orjson_rejects_it(
    document: dict[str, Any], data: st.DataObject
) -> None:
    text = orjson.dumps(document)
    place = data.draw(st.integers(0, len(text) - 1))
    broken = data.draw(
        st.sampled_from([text[:place], text[:place] + text[place + 1 :], text[:place] + b"," + text[place:]])
        | st.binary(min_size=1, max_size=2).map(lambda junk: text[:place] + junk + text[place + 1 :])
    )
    try:
        expected = orjson.loads(broken)
    except orjson.JSONDecodeError:
        expected = None
    if type(expected) is dict and broken.count(b'"rows"') < 2:
        assert read_whole(broken) == expected
    else:
        with pytest.raises(InvalidSnapshotError):
            read_whole(broken)


def test_rows_are_read_a_few_at_a_time(api: ApiClient) -> None:
    whole = orjson.loads(snapshot.dumps(snapshot.take(api.world)))
    for text in (
        b"".join(snapshot.iter_dumps(snapshot.take(api.world))),
        orjson.dumps(whole),
        orjson.dumps(whole, option=orjson.OPT_INDENT_2),
    ):
        _, found = snapshot_reader.read(io.BytesIO(text))
        assert found is not None
        lists = [values for _, values in found]
        assert len(lists) > len(whole["rows"]) + 20
        assert (
            max(len(orjson.dumps(values[:-1], option=orjson.OPT_INDENT_2)) for values in lists)
            < 4 * PIECE_SIZE
        )


def test_a_long_value_is_read_whole() -> None:
    long = {"id": 1, "text": '"},{"id":' * 1000, "items": [{"id": number} for number in range(1000)]}
    text = orjson.dumps({"seed": long, "rows": {"a": [long, {"id": 2}, long], "b": []}, "version": long})
    assert read_whole(text) == orjson.loads(text)


def test_what_follows_the_rows_is_in_the_header_once_they_were_read() -> None:
    header, found = snapshot_reader.read(io.BytesIO(b'{"a": 1, "rows": {"x": [{}]}, "version": [2]}'))
    assert header == {"a": 1}
    assert found is not None
    assert list(found) == [("x", [{}])]
    assert header == {"a": 1, "version": [2]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "it is not JSON: it ends too early"),
        (b"[]", "it is not a JSON object"),
        (b'{"a": tru}', "it is not JSON: "),
        (b'{"a": 1', "it is not JSON: it ends too early"),
        (b'{"a": "x', "it is not JSON: it ends too early"),
        (b'{"a" 1}', "it is not JSON: ':' is missing"),
        (b"{1: 2}", "it is not JSON: an object has a member without a name"),
        (b'{"a": 1} {}', "it is not JSON: something follows its end"),
        (b'{"rows": {"x": [{}]}, "rows": {}}', "it has 'rows' twice"),
        (b'{"rows": {"x": [{}] "y": []}}', "it is not JSON: ',' is missing"),
        (b'{"rows": {"x": [{},]}}', "a row of 'x' is not JSON: "),
        (b'{"rows": {"x": [{"a": "%b"},]}}' % (b"y" * PIECE_SIZE), "it is not JSON: 'x' ends with a comma"),
        (b'{"rows": {"x": [{"a": nul}]}}', "a row of 'x' is not JSON: "),
        (b'{"rows": {"x": [5}}}', "it is not JSON: an array ends with '}'"),
    ],
)
def test_the_reason_of_a_rejection_is_told(text: bytes, reason: str) -> None:
    with pytest.raises(InvalidSnapshotError) as rejection:
        read_whole(text)
    assert str(rejection.value).startswith(reason)


def test_a_document_that_ends_too_early_is_not_restored(api: ApiClient) -> None:
    written = b"".join(snapshot.iter_dumps(snapshot.take(api.world)))
    lines = written.splitlines(keepends=True)
    for end in {0, 1, 2, 3, len(lines) // 2, len(lines) - 1}:
        for text in (b"".join(lines[:end]), b"".join(lines[:end]) + lines[end][: len(lines[end]) // 2]):
            with pytest.raises(InvalidSnapshotError, match="not JSON"):
                snapshot.load(io.BytesIO(text), "w")


@pytest.mark.parametrize("layout", [0, orjson.OPT_INDENT_2, orjson.OPT_SORT_KEYS])
def test_a_world_comes_back_from_any_layout(api: ApiClient, layout: int) -> None:
    whole = orjson.loads(snapshot.dumps(snapshot.take(api.world)))
    restored = snapshot.loads(orjson.dumps(whole, option=layout), "twin")
    assert orjson.loads(snapshot.dumps(snapshot.take(restored))) == whole

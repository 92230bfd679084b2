"""A table of expressions and what they come to, each with where that is known from.

Sources: ``W`` the white-label documentation of the same engine, ``H`` Help centre, ``D`` developer documentation, ``S``
the vendor's notes for people who write blueprints, ``B`` exported blueprints, ``P`` practitioners, ``A`` assumed.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lab import NOW, worth

from emulator.engine.iml.values import Value


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


TABLE: list[tuple[str, Value, str]] = [
    # references
    ("{{1.name}}", "Ada", "S"),
    ("{{1.`First Name`}}", "Grace", "S"),
    ("{{1.address.street}}", "Main", "S"),
    ("{{1.address.`0`}}", "zeroth", "S"),
    ("{{1.people[2].name}}", "Ann", "S: indexes count from 1"),
    ("{{1.people[].name}}", "Bob", "H: an empty index is the first"),
    ("{{1.people[0].name}}", None, "S"),
    ("{{1.people[9].name}}", None, "S: missing is nothing"),
    ("{{1.missing.deeper}}", None, "S"),
    ("{{9.name}}", None, "S"),
    ("{{1.__IMTLENGTH__}}", 5, "S"),
    ("{{1.__IMTINDEX__}}", 2, "A"),
    ("{{1}}", 1, "S: a bare number is no reference"),
    ("{{var.input.city}}", "Oslo", "S"),
    ("{{input.city}}", None, "S: resolves to nothing"),
    ("{{executionId}}", "e1", "S"),
    ("{{scenario.id}}", 9, "A"),
    # literals and keywords
    ("{{}}", None, "A"),
    ('{{"a ""quoted"" word"}}', 'a "quoted" word', "B"),
    ("{{'it''s'}}", "it's", "A"),
    ("{{1.5}}", 1.5, "S"),
    ("{{true}}", True, "S"),
    ("{{null}}", None, "S"),
    ("{{emptyarray}}", [], "S"),
    ("a{{newline}}b{{tab}}c{{space}}d", "a\nb\tc d", "S"),
    ("{{timestamp}}", NOW // 1000, "S"),
    ("{{now}}", utc(2016, 12, 8, 15, 55, 57, 536_000), "S"),
    # text around
    ("Hello, {{1.name}}!", "Hello, Ada!", "H"),
    ("[{{1.missing}}]", "[]", "P: missing renders as nothing"),
    ("{{1.number}}", 4, "S: one expression keeps its type"),
    ("{{1.number}} ", "4 ", "H"),
    ("{{1.yes}}/{{1.price}}", "true/2.5", "H"),
    ("at {{now}}", "at 2016-12-08T15:55:57.536Z", "H"),
    ("{{1.numbers}}.", "3, 1, 2.", "A: separator"),
    ("{{ never closed", "{{ never closed", "A"),
    ('{{"}}"}}', "}}", "A"),
    # operators
    ("{{1 + 2 * 3}}", 7, "A: precedence"),
    ("{{(1 + 2) * 3}}", 9, "S"),
    ("{{7 / 2}}", 3.5, "S"),
    ("{{7 % 4}}", 3, "S"),
    ("{{-1.number}}", -4, "A"),
    ('{{"a" + space + "b"}}', "a b", "B"),
    ("{{1.name + 1.number}}", "Ada4", "B"),
    ("{{1.number = 4}}", True, "S"),
    ('{{1.number = "4"}}', False, "D: equality does not cross types"),
    ("{{1.number == 4}}", True, "D"),
    ("{{1.number != 5 & 1.yes}}", True, "S"),
    ("{{1.no | 1.yes}}", True, "B"),
    ("{{!1.no}}", True, "D"),
    ("{{2 < 10}}", True, "S"),
    ('{{"2" < "10"}}', False, "A: texts by their characters"),
    ("{{3 >= 3}}", True, "S"),
    ("{{(now - 1.date) / 1000 > 0}}", False, "A: a date as text is no number"),
    ("{{now - 1}}", NOW - 1, "W: dates are milliseconds"),
    # general
    ('{{if(1.yes; "a"; "b")}}', "a", "S"),
    ('{{if(1.no; "a"; )}}', None, "B: an empty argument"),
    ('{{if(1.no; "a")}}', None, "S"),
    ('{{ifempty(1.empty; "x")}}', "x", "D"),
    ('{{ifempty(1.zero; "x")}}', 0, "D: 0 is not empty"),
    ('{{switch(1.number; 3; "three"; 4; "four"; "else")}}', "four", "W"),
    ('{{switch(1.number; 1; "one"; "else")}}', "else", "W"),
    ('{{switch(1.number; 1; "one"; 2; "two")}}', None, "A"),
    ('{{get(1.people; "1.name")}}', "Bob", "W"),
    ("{{get(1.numbers; 1 + 1)}}", 1, "W"),
    ('{{get(1.address; "street")}}', "Main", "W"),
    ('{{pick(1.address; "street")}}', {"street": "Main"}, "S"),
    ('{{omit(1.address; "street")}}', {"0": "zeroth"}, "S"),
    # text
    ("{{length(1.name)}}", 3, "S"),
    ('{{upper("Straße")}}', "STRASSE", "S"),
    ("{{lower(1.name)}}", "ada", "S"),
    ('{{capitalize("make me")}}', "Make me", "S"),
    ('{{startcase("make ME")}}', "Make Me", "S"),
    ('{{trim("  a ")}}', "a", "S"),
    ('{{substring("Hello"; 0; 3)}}', "Hel", "W"),
    ('{{substring("Hello"; 1; 3)}}', "el", "W"),
    ('{{indexOf("Workfront"; "o")}}', 1, "W"),
    ('{{indexOf("Workfront"; "o"; 3)}}', 6, "W"),
    ('{{indexOf("a"; "b")}}', -1, "W"),
    ("{{contains(1.name; d)}}", True, "W: text without quotes"),
    ('{{contains("Hello"; "hello")}}', False, "W: case counts"),
    ('{{replace("a-b-c"; "-"; "")}}', "abc", "P: every occurrence"),
    ('{{replace("Hello"; "/[aeiou]/g"; "*")}}', "H*ll*", "W"),
    ('{{replace("2016-12"; "/(\\d+)-(\\d+)/"; "$2.$1")}}', "12.2016", "W"),
    ('{{split("a,b,c"; ",")}}', ["a", "b", "c"], "S"),
    ('{{encodeURL("a b&c")}}', "a%20b%26c", "S"),
    ('{{decodeURL("a%20b")}}', "a b", "S"),
    ("{{escapeHTML(\"<b a='1'>\")}}", "&lt;b a=&#39;1&#39;&gt;", "S"),
    ('{{stripHTML("<p>Hi <b>you</b></p>")}}', "Hi you", "S"),
    ('{{ascii("ěščřž"; true)}}', "escrz", "W"),
    ('{{ascii("ěa")}}', "a", "W"),
    ('{{base64("make")}}', "bWFrZQ==", "S"),
    ('{{md5("")}}', "d41d8cd98f00b204e9800998ecf8427e", "RFC 1321"),
    ('{{sha1("abc")}}', "a9993e364706816aba3e25717850c26c9cd0d89d", "FIPS 180"),
    (
        '{{sha256("what do ya want for nothing?"; "hex"; "Jefe")}}',
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "RFC 4231",
    ),
    ("{{toString(1.address)}}", "{object}", "P"),
    ('{{toBinary("6d61"; "hex")}}', b"ma", "S"),
    # math
    ("{{ceil(1.2)}}", 2, "W"),
    ("{{floor(1.9)}}", 1, "W"),
    ("{{round(1.5)}}", 2, "W"),
    ("{{abs(-3)}}", 3, "S"),
    ("{{trunc(2.719; 2)}}", 2.71, "S"),
    ("{{max(1.numbers)}}", 3, "S"),
    ("{{min(4; 2; 8)}}", 2, "S"),
    ("{{sum(1.numbers)}}", 6, "S"),
    ("{{average(1; 2)}}", 1.5, "S"),
    ("{{median(1.numbers)}}", 2, "S"),
    ('{{parseNumber("1 756,456"; ",")}}', 1756.456, "W"),
    ('{{formatNumber(123456789; 3; ","; ".")}}', "123.456.789,000", "W"),
    # arrays
    ("{{first(1.numbers)}}", 3, "S"),
    ("{{last(1.numbers)}}", 2, "S"),
    ("{{length(1.people)}}", 3, "S"),
    ("{{add(1.numbers; 9; 8)}}", [3, 1, 2, 9, 8], "S"),
    ("{{remove(1.numbers; 1)}}", [3, 2], "S"),
    ("{{contains(1.numbers; 2)}}", True, "S"),
    ("{{merge(1.numbers; 1.words)}}", [3, 1, 2, "b", "A", "c", "b"], "S"),
    ('{{join(1.numbers; "-")}}', "3-1-2", "S"),
    ('{{map(1.people; "name")}}', ["Bob", "Ann", "Cid"], "S"),
    ('{{map(1.people; "name"; "kind"; "work,home")}}', ["Bob", "Ann"], "H"),
    ('{{map(1.people; "at.town"; "kind"; "work")}}', ["Brno"], "A"),
    ("{{slice(1.numbers; 1)}}", [1, 2], "S: slice counts from 0"),
    ("{{slice(1.numbers; 0; 2)}}", [3, 1], "S"),
    ("{{sort(1.numbers)}}", [1, 2, 3], "S"),
    ('{{sort(1.words; "desc")}}', ["c", "b", "b", "A"], "S"),
    ('{{sort(1.words; "asc ci")}}', ["A", "b", "b", "c"], "S"),
    ('{{map(sort(1.people; "asc"; "age"); "age")}}', [9, 22, 31], "S"),
    ("{{map(sort(1.people; name); name)}}", ["Ann", "Bob", "Cid"], "W: two arguments"),
    ("{{reverse(1.numbers)}}", [2, 1, 3], "S"),
    ("{{flatten(1.nested)}}", [1, [2], 3], "S"),
    ("{{flatten(1.nested; 2)}}", [1, 2, 3], "S"),
    ("{{distinct(1.words)}}", ["b", "A", "c"], "S"),
    ("{{deduplicate(1.words)}}", ["b", "A", "c"], "S"),
    ("{{keys(1.address)}}", ["street", "0"], "S"),
    (
        "{{toArray(1.address)}}",
        [{"key": "street", "value": "Main"}, {"key": "0", "value": "zeroth"}],
        "H",
    ),
    ("{{toCollection(1.people; name; age)}}", {"Bob": 22, "Ann": 31, "Cid": 9}, "W"),
    # dates
    ('{{formatDate(now; "YYYY-MM-DD HH:mm")}}', "2016-12-08 15:55", "W"),
    ('{{formatDate(now; "DD.MM.YYYY HH:mm"; "Europe/Prague")}}', "08.12.2016 16:55", "W"),
    ('{{formatDate(now; "dddd, MMMM Do [at] h:mm A")}}', "Thursday, December 8th at 3:55 PM", "W"),
    ('{{formatDate(1.date; "X")}}', "1466443604", "W"),
    ('{{parseDate("2016-12-28"; "YYYY-MM-DD")}}', utc(2016, 12, 28), "W"),
    ('{{parseDate("1482969600"; "X")}}', utc(2016, 12, 29), "W"),
    ("{{addDays(1.date; -1)}}", utc(2016, 6, 19, 17, 26, 44, 356_000), "S"),
    ('{{addMonths("2016-01-31"; 1)}}', utc(2016, 2, 29), "A"),
    ('{{addYears("2016-02-29"; 1)}}', utc(2017, 2, 28), "A"),
    ('{{setMinute("2016-06-20 11:36"; 61)}}', utc(2016, 6, 20, 12, 1), "W"),
    ('{{setDay("2016-12-08"; "Monday")}}', utc(2016, 12, 5), "W"),
    ('{{setDate("2016-06-20"; 32)}}', utc(2016, 7, 2), "W"),
    ('{{setMonth("2016-06-20"; "january")}}', utc(2016, 1, 20), "W"),
]


@pytest.mark.parametrize(("text", "value", "source"), TABLE, ids=[row[0] for row in TABLE])
def test_an_expression_comes_to_what_its_source_says(text: str, value: Value, source: str) -> None:
    result = worth(text)
    assert result == value, source
    # Python takes 1 for True; Make does not.
    assert isinstance(result, bool) == isinstance(value, bool), source


def test_no_expression_is_listed_twice() -> None:
    texts = [row[0] for row in TABLE]
    assert sorted(set(texts)) == sorted(texts)
    assert len(texts) > 100

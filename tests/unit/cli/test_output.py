"""What is written to standard output."""

from __future__ import annotations

import io
import json
import sys

from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.cli.output import write_json, write_text
from bertscope_tui.plots.columns import table


def _written(value: object) -> bytes:
    raw = io.BytesIO()
    before, sys.stdout = sys.stdout, io.TextIOWrapper(raw, encoding="latin-1")
    try:
        write_json({"value": value})
    finally:
        after, sys.stdout = sys.stdout, before
        after.detach()
    return raw.getvalue()


@given(st.text(st.characters(exclude_categories=())))
def test_every_text_comes_back_from_json_and_no_byte_can_steer_a_terminal(text):
    data = _written(text)
    decoded = data.decode("utf-8")
    assert not any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) <= 0x9F for c in decoded)
    # A high and a low half written side by side are one character to every JSON reader.
    assert json.loads(decoded)["value"] == json.loads(json.dumps(text))


def test_numbers_that_are_not_finite_become_null():
    data = _written([float("nan"), {"a": (float("inf"), -float("inf"), 1.5)}, 3, True, None])
    assert json.loads(data)["value"] == [None, {"a": [None, None, 1.5]}, 3, True, None]


def test_text_goes_through_an_encoding_that_lacks_its_characters(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    write_text("a ◆ b")
    assert raw.getvalue() == b"a ? b\n"


def test_columns_line_up_whatever_the_width_of_the_characters():
    from rich.cells import cell_len

    lines = table(("name", "n"), [("東京", "1"), ("ab", "100")], right=(1,)).splitlines()
    assert lines == ["name    n", "東京    1", "ab    100"]
    assert {cell_len(line) for line in lines} == {9}

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.plots.heatmap import heatmap, to_text

RAMP = ("#000080", "#800080", "#ff8000", "#ffff00")


def _table(rows: int, columns: int) -> list[list[float]]:
    count = rows * columns
    return [
        [(row * columns + n) / max(count - 1, 1) for n in range(columns)] for row in range(rows)
    ]


def _names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def _drawn(rows: int, columns: int, width: int, height: int, **more: object) -> list[str]:
    picture = heatmap(
        _table(rows, columns), width=width, height=height, row_labels=_names(rows),
        column_labels=_names(columns), **more,  # type: ignore[arg-type]
    )  # fmt: skip
    assert len(picture.rows) == picture.height <= max(height, 0)
    assert all(sum(len(run.text) for run in row) == width for row in picture.rows)
    return to_text(picture).split("\n")


def test_every_field_has_its_number_and_every_row_and_column_its_label() -> None:
    text = "\n".join(_drawn(3, 4, 60, 20))
    for value in (".00", ".09", ".45", ".55", "1.0"):
        assert value in text
    lines = text.split("\n")
    assert [line[0] for line in lines if "┤" in line] == ["0", "1", "2"]
    assert lines[-1].split() == ["0", "1", "2", "3"]


def test_column_labels_are_cut_to_their_fields_or_left_out() -> None:
    names = ["false", "person", "organisation"]
    table = _table(3, 3)
    cut, left_out = (
        heatmap(
            table, width=40, height=9, row_labels=names, column_labels=names, cut_columns=yes
        )
        for yes in (True, False)
    )  # fmt: skip
    assert to_text(cut).split("\n")[-1].split() == ["false", "perso", "organ"]
    assert to_text(left_out).split("\n")[-1].split() == ["false"]


def test_shades_grow_with_the_number() -> None:
    (line, *_) = _drawn(1, 5, 7, 5)
    assert line == "" or not line.strip()
    (line, *_) = _drawn(1, 5, 16, 5)
    assert [mark for mark in " ░▒▓█" if mark in line] == list(" ░▒▓█")
    (line, *_) = _drawn(1, 5, 16, 5, ascii=True)
    assert line.isascii()
    assert [mark for mark in ".-+#" if mark in line] == list(".-+#")


def test_an_unknown_number_is_marked_and_never_shaded() -> None:
    for colour in (True, False):
        picture = heatmap(
            [[math.nan, 1.0]], width=20, height=6, row_labels=["a"], column_labels=["b", "c"],
            ramp=RAMP, colour=colour,
        )  # fmt: skip
        assert to_text(picture).split("\n")[0][2:8] == "??????"


def test_colours_come_from_the_ramp_and_go_where_colour_is_not_wanted() -> None:
    def runs(colour: bool) -> set[str | None]:
        picture = heatmap(
            _table(2, 2), width=30, height=8, row_labels=_names(2), column_labels=_names(2),
            ramp=RAMP, colour=colour,
        )  # fmt: skip
        return {run.colour for row in picture.rows for run in row}

    assert runs(True) == {None, *RAMP}
    assert runs(False) == {None}


def test_a_cell_leads_to_its_field_and_a_field_to_its_cell() -> None:
    picture = heatmap(
        _table(3, 4), width=60, height=20, row_labels=_names(3), column_labels=_names(4)
    )
    assert sorted(picture.positions) == list(range(12))
    for index, (x, y) in picture.positions.items():
        assert picture.token_at(x, y) == index


def test_where_there_are_too_many_fields_every_nth_is_drawn() -> None:
    lines = _drawn(50, 60, 40, 12)
    labels = [line.split("┤")[0].strip() for line in lines if "┤" in line]
    assert labels == ["0", "6", "12", "18", "24", "30", "36", "42", "48"]


def test_labels_are_cleaned_and_cut() -> None:
    picture = heatmap(
        [[0.5]], width=60, height=8, row_labels=["\x1b[31m" + "long " * 9], column_labels=["東京"],
        title="\x1b]0;evil\x07",
    )  # fmt: skip
    assert "\x1b" not in to_text(picture)
    assert "\x07" not in to_text(picture)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_an_empty_table_is_blank(shape: tuple[int, int]) -> None:
    assert not "".join(_drawn(*shape, 20, 6)).strip()


@settings(max_examples=80, deadline=None)
@given(
    rows=st.integers(1, 30),
    columns=st.integers(1, 30),
    width=st.integers(0, 120),
    height=st.integers(0, 50),
)
def test_the_picture_fits_into_whatever_room_there_is(
    rows: int, columns: int, width: int, height: int
) -> None:
    _drawn(rows, columns, width, height, title="layer of the other")

"""Text measured and cut in screen cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bertscope_tui.plots.cells import cells_of, clusters, shorten


@given(st.text(max_size=30))
def test_clusters_join_to_the_text_again(text):
    assert "".join(cluster for cluster, _ in clusters(text)) == text


@given(st.text(max_size=30))
def test_only_text_drawn_as_nothing_gives_a_cluster_without_cells(text):
    parts = clusters(text)
    assert len(parts) <= 1 or all(size > 0 for _, size in parts)
    assert all(size == cell_len(cluster) for cluster, size in parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ab", (("a", 1), ("b", 1))),
        ("漢字", (("漢", 2), ("字", 2))),
        ("e\u0301x", (("e\u0301", 1), ("x", 1))),
        ("\u0301x", (("\u0301x", 1),)),
        ("👩\u200d👩\u200d👧!", (("👩\u200d👩\u200d👧", 2), ("!", 1))),
        ("", ()),
    ],
)
def test_a_cluster_is_what_is_drawn_in_one_go(text, parts):
    assert clusters(text) == parts


@given(st.text(max_size=30), st.integers(0, 20))
def test_shortened_text_fits(text, cells):
    assert cells_of(shorten(clusters(text), cells, "…")) <= max(cells, 0)


def test_shortened_text_ends_with_the_mark_and_never_splits_a_wide_character():
    cut = shorten(clusters("漢字漢字"), 4, "…")
    assert "".join(text for text, _ in cut) == "漢…"
    assert shorten(clusters("short"), 5, "…") == clusters("short")
    assert shorten(clusters("shorter"), 1, "…") == ()

"""Results as text: tables, curves and the heat map, for any terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bertscope_tui.probes.pages import heat_page, probe_page, result_page
from bertscope_tui.probes.queue import Subject, probe_all
from bertscope_tui.probes.views import by_data, curves_of, heat_rows
from tests.unit.probes.made import QUICK, SMALL, entities, load, pairs, subject


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTSCOPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        first = Subject(subject())
        options = replace(SMALL, seeds=2)
        own = list(probe_all([first], [entities(), pairs()], options, load=load))
        other = list(probe_all([Subject(subject("gpt2"))], [entities()], QUICK, load=load))
        return own + other


def with_scores(result, *values):
    """Return the result as if its layers had these macro-F1."""
    layers = tuple(
        replace(one, macro_f1=value) for one, value in zip(result.layers, values, strict=True)
    )
    return replace(result, layers=layers)


def test_the_table_has_a_line_for_each_layer_and_what_it_has_to_beat(results):
    page = result_page(with_scores(results[0], 0.25, 0.5, 0.875))
    lines = page.splitlines()
    assert lines[0] == "bert-span: named entities, made"
    assert "30/15/15 texts with 60/30/30 targets" in lines[1]
    rows = {line.split()[0]: line.split() for line in lines if line.strip()}
    assert [rows[layer][1] for layer in "012"] == ["25.0", "50.0", "87.5"]
    assert rows["majority"][1:3] == ["33.3", "50.0"]
    assert "centre of gravity" in page
    assert "100.0 % of the test targets" in page


def test_the_table_says_what_was_lost_and_shows_control_characters(results):
    odd = replace(results[0], model="x\x1b[31m", lost_truncated=3, lost_untokenised=1, notes=("n",))
    page = result_page(odd)
    assert "4 targets lost: 3 cut off at the end of the window, 1 without a token" in page
    assert "\x1b" not in page
    assert "\nn\n" in page


def test_without_controls_there_are_no_columns_for_them(results):
    page = result_page(results[2])
    assert "selectivity" not in page
    assert "centre of gravity" not in page


def test_curves_put_models_of_one_data_set_together_and_a_line_for_the_majority(results):
    groups = by_data(results)
    assert [[one.model for one in group] for group in groups] == [
        ["bert-span", "gpt2-span"],
        ["bert-span"],
    ]
    series = curves_of(groups[0])
    assert [one.name for one in series] == ["bert-span", "gpt2-span", "majority"]
    assert list(series[0].ys) == [layer.macro_f1 for layer in results[0].layers]
    assert set(series[2].ys) == {results[0].majority.macro_f1}


def test_the_heat_map_stretches_each_task_from_its_worst_to_its_best_layer(results):
    rows = heat_rows(
        [with_scores(results[1], 0.4, 0.4, 0.4), with_scores(results[0], 0.2, 0.6, 0.4)]
    )
    assert [row.task for row in rows] == ["nel", "rel"]
    assert rows[0].shade == pytest.approx((0, 1, 0.5))
    assert rows[1].shade == (1, 1, 1)
    page = heat_page("bert", rows, ascii=True)
    assert page.splitlines()[1] == "nel (made)     ## ::"
    assert page.splitlines()[-1].split() == ["0", "1", "2"]


def test_two_models_of_one_name_have_a_heat_map_each(results):
    entities_of, relations_of, other = results
    twin = [
        replace(
            one,
            model_path="/elsewhere",
            identity=replace(one.identity, weights_sha256="other"),
        )
        for one in (entities_of, relations_of)
    ]
    page = probe_page([entities_of, relations_of, *twin, other], width=80)
    titles = [line for line in page.splitlines() if "each task from its worst" in line]
    assert len(titles) == 2
    assert titles[0].startswith(f"bert-span ({entities_of.model_path})")
    assert titles[1].startswith("bert-span (/elsewhere)")
    assert page.count("\nnel (made)") == 2


def test_one_seed_is_said_so(results):
    assert "1 seed," in result_page(replace(results[0], options=replace(QUICK, seeds=1)))


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_whole_page_fits_its_width(results, width, ascii_only):
    page = probe_page(results, width=width, ascii=ascii_only)
    assert page.isascii() == ascii_only
    pictures = page[page.index("macro F1, named entities") :]
    assert max(map(len, pictures.splitlines())) <= width
    assert "each task from its worst to its best layer" in page

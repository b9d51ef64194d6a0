from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.similarity import (
    Cka,
    matching_layer,
    neighbourhood_change,
    passes,
    shared_units,
    unit_states,
)
from bertscope_tui.engine.encoding import Token, encode
from bertscope_tui.inspection.typed import typed_sample
from tests.tiny_models import KINDS, tiny_model


def _cka(x: np.ndarray, y: np.ndarray) -> float:
    """Return linear CKA through the similarities of all pairs of rows, as in its definition."""
    rows = len(x)
    middle = np.eye(rows) - np.ones((rows, rows)) / rows
    k, m = (middle @ (a.astype(float) @ a.astype(float).T) @ middle for a in (x, y))
    return float((k * m).sum() / math.sqrt((k * k).sum() * (m * m).sum()))


def _states(layers: int, units: int, width: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(units, width)) * np.geomspace(5, 0.1, width)
    states = base + np.cumsum(rng.normal(size=(layers, units, width)), axis=0) + 20.0
    return states.astype(np.float32)


@pytest.mark.parametrize("parts", [1, 3, 9])
def test_similarity_equals_its_definition_however_the_data_come(parts: int) -> None:
    first, second = _states(3, 90, 12, 0), _states(4, 90, 20, 0)
    made = Cka()
    for one, other in zip(
        np.array_split(first, parts, axis=1), np.array_split(second, parts, axis=1), strict=True
    ):
        made.add(one, other)
    expected = [[_cka(x, y) for y in second] for x in first]
    np.testing.assert_allclose(made.values(), expected, atol=1e-3)
    assert made.units == 90


def test_several_passes_give_the_rows_of_one() -> None:
    first, second = _states(5, 40, 8, 1), _states(3, 40, 6, 2)
    whole = Cka()
    whole.add(first, second)
    rows = []
    for part in passes((5, 3), (8, 6), limit=8 * (3 * 36 + 2 * (3 * 48 + 64))):
        made = Cka(part)
        made.add(first, second)
        rows.append(made.values())
    assert len(rows) == 3
    np.testing.assert_allclose(np.concatenate(rows), whole.values())


@given(
    layers=st.tuples(st.integers(1, 49), st.integers(1, 49)),
    widths=st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
)
def test_the_passes_are_all_layers_once(layers: tuple[int, int], widths: tuple[int, int]) -> None:
    assert [n for part in passes(layers, widths) for n in part] == list(range(layers[0]))


def test_two_base_sized_networks_are_compared_in_one_pass() -> None:
    assert passes((13, 13), (768, 768)) == [range(13)]
    assert len(passes((25, 25), (1024, 1024))) > 1


def test_a_turned_and_scaled_copy_is_the_same_and_noise_is_not() -> None:
    first = _states(1, 400, 10, 3)
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(10, 10)))
    copy = (7.0 * first @ turn + 1.0).astype(np.float32)
    noise = np.random.default_rng(1).normal(size=(1, 400, 10)).astype(np.float32)
    same, other = Cka(), Cka()
    same.add(first, copy)
    other.add(first, noise)
    assert same.values()[0, 0] == pytest.approx(1.0, abs=1e-5)
    assert other.values()[0, 0] < 0.1


def test_identical_units_have_no_similarity() -> None:
    made = Cka()
    made.add(np.full((2, 9, 4), 3.7, np.float32), _states(2, 9, 4, 0))
    assert np.isnan(made.values()).all()
    assert Cka().values().size == 0


def _token(index: int, start: int, end: int, part: str = "context") -> Token:
    return Token(index, "x", "x", part, start, end)  # type: ignore[arg-type]


def test_units_are_the_shortest_stretches_that_are_tokens_in_both() -> None:
    first = [_token(0, 0, 0, "special"), _token(1, 0, 3), _token(2, 4, 9), _token(3, 10, 12)]
    second = [
        _token(0, 0, 3),
        _token(1, 4, 6),
        _token(2, 6, 9),
        _token(3, 10, 11),
        _token(4, 13, 14),
    ]
    found = shared_units(first, second)
    assert [(unit.start, unit.end, unit.first, unit.second) for unit in found] == [
        (0, 3, (1,), (0,)),
        (4, 9, (2,), (1, 2)),
    ]


def test_tokens_that_share_a_character_are_one_unit_whichever_model_cuts_it() -> None:
    cut = [_token(0, 0, 1), _token(1, 0, 1), _token(2, 1, 3)]
    whole = [_token(0, 0, 1), _token(1, 1, 3)]
    found = shared_units(cut, whole)
    assert [(unit.first, unit.second) for unit in found] == [((0, 1), (0,)), ((2,), (1,))]
    found = shared_units(whole, cut)
    assert [(unit.first, unit.second) for unit in found] == [((0,), (0, 1)), ((1,), (2,))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", ["bert", "gpt2"])
def test_units_of_real_tokenizers_cover_the_same_characters(kind: str, other: str) -> None:
    sample = typed_sample(
        "Où est le café?", "The naïve lantern maker 東京 went 🙂 home. Café, again: 1893.", ()
    )
    windows = [encode(sample, tiny_model(name)).windows[0] for name in (kind, other)]
    units = shared_units(windows[0].tokens, windows[1].tokens)
    assert units
    last = {"question": 0, "context": 0}
    for unit in units:
        for window, tokens in zip(windows, (unit.first, unit.second), strict=True):
            mine = [window.tokens[n] for n in tokens]
            assert {token.part for token in mine} == {unit.part}
            assert min(token.start for token in mine) == unit.start
            assert max(token.end for token in mine) == unit.end
        assert unit.start >= last[unit.part]
        last[unit.part] = unit.end
    if kind == other:
        whole = [t for t in windows[0].tokens if t.part != "special" and t.end > t.start]
        assert sum(len(unit.first) for unit in units) == len(whole)


def test_the_state_of_a_unit_is_the_mean_of_its_tokens() -> None:
    states = _states(2, 5, 3, 0)
    found = unit_states(states, [(0,), (2, 3, 4)])
    np.testing.assert_array_equal(found[:, 0], states[:, 0])
    np.testing.assert_allclose(found[:, 1], states[:, 2:5].mean(axis=1), rtol=1e-6)


def test_layers_of_models_of_unlike_depth_are_matched_by_depth() -> None:
    assert [matching_layer(n, 6, 12) for n in range(7)] == [0, 2, 4, 6, 8, 10, 12]
    assert [matching_layer(n, 12, 6) for n in (0, 6, 12)] == [0, 3, 6]
    assert matching_layer(0, 0, 5) == 0


@settings(max_examples=30, deadline=None)
@given(units=st.integers(3, 25), seed=st.integers(0, 999))
def test_changed_neighbours_are_counted_one_by_one(units: int, seed: int) -> None:
    first, second = _states(2, units, 6, seed), _states(2, units, 9, seed + 1)
    found = neighbourhood_change(first, second)
    k = min(8, units - 2)
    for layer in range(2):
        for unit in range(units):
            near = []
            for states in (first, second):
                points = states[layer].astype(float) - states[layer].astype(float).mean(axis=0)
                points /= np.linalg.norm(points, axis=1, keepdims=True)
                others = [n for n in range(units) if n != unit]
                others.sort(key=lambda n: -float(points[n] @ points[unit]))
                near.append(set(others[:k]))
            assert found[layer, unit] == pytest.approx(1 - len(near[0] & near[1]) / k, abs=1e-3)


def test_the_same_model_has_the_same_neighbours() -> None:
    states = _states(3, 30, 8, 0)
    assert not neighbourhood_change(states, states).any()
    assert np.isnan(neighbourhood_change(states[:, :2], states[:, :2])).all()

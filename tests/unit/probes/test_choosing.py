"""Which results are of a model, and what each is to be held against."""

from __future__ import annotations

import pytest

from bertscope_tui.models.card import Card, weights_sha256, write_card
from bertscope_tui.models.catalog import read_entry
from bertscope_tui.probes import store
from bertscope_tui.probes.choosing import (
    Lineage,
    counterpart,
    lineage_of,
    of_weights,
    one_for_each_task,
)
from tests.tui.made_probes import made_model, made_result, stored


def entry_in(folder, name="toy"):
    place = folder / "made" / name
    if not (place / "config.json").exists():
        (place / "config.json").write_text('{"model_type": "bert"}')
    return read_entry(place, name, "folder")


def test_a_model_without_a_card_comes_from_nothing(tmp_path):
    own = made_model(tmp_path)
    assert lineage_of(entry_in(tmp_path)) == Lineage(own)


def test_a_base_that_is_there_is_hashed_and_one_that_is_gone_is_as_the_card_says(tmp_path):
    own, base = made_model(tmp_path), made_model(tmp_path, "plain", seed=1)
    plain = entry_in(tmp_path, "plain").path
    card = Card("toy", base="plain", base_path=str(plain), base_sha256="as it was")
    write_card(tmp_path / "made" / "toy", card)
    assert lineage_of(entry_in(tmp_path)) == Lineage(own, base, "plain")
    (plain / "config.json").unlink()
    assert lineage_of(entry_in(tmp_path)) == Lineage(own, "as it was", "plain")


def test_a_base_whose_weights_are_gone_has_no_results(tmp_path):
    own = made_model(tmp_path)
    made_model(tmp_path, "plain", seed=1)
    plain = entry_in(tmp_path, "plain").path
    (plain / "model.safetensors").unlink()
    write_card(tmp_path / "made" / "toy", Card("toy", base="plain", base_path=str(plain)))
    assert lineage_of(entry_in(tmp_path)) == Lineage(own, None, "plain")


@pytest.mark.parametrize("what", ["weights", "card"])
def test_what_is_damaged_has_no_lineage_but_does_no_harm(tmp_path, what):
    own = made_model(tmp_path)
    entry = entry_in(tmp_path)
    if what == "weights":
        (entry.path / "model.safetensors").write_bytes(b"no")
        assert lineage_of(entry).own is None
    else:
        (entry.path / "bertscope_card.json").write_text("{")
        assert lineage_of(entry) == Lineage(own)


def test_results_are_found_by_weights_and_random_ones_are_others():
    own, random = made_result("a"), made_result("a", random=True)
    results = (own, random, made_result("b"))
    assert of_weights(results, "a") == (own,)
    assert of_weights(results, "a", random=True) == (random,)
    assert of_weights(results, "c") == ()


def test_the_newest_of_each_task_is_taken_unless_another_is_chosen():
    old = made_result("a", data="old", created="2026-01-01T00:00:00+00:00")
    new = made_result("a", data="new", created="2026-01-02T00:00:00+00:00")
    facts = made_result("a", "sup", created="2025-01-01T00:00:00+00:00")
    for results in ((facts, old, new), (new, old, facts)):
        assert one_for_each_task(results) == (new, facts)
        assert one_for_each_task(results, {old.identity}) == (old, facts)
        assert one_for_each_task(results, {made_result("b").identity}) == (new, facts)
    assert one_for_each_task(()) == ()


def test_a_counterpart_is_of_the_same_task_and_data_and_rather_made_the_same_way():
    own = made_result("a", controls=True)
    same = made_result("b", controls=True, created="2026-01-01T00:00:00+00:00")
    newer = made_result("b", controls=False, created="2026-01-02T00:00:00+00:00")
    others = (made_result("b", "rel"), made_result("b", data="other"))
    assert counterpart(own, (*others, same, newer)) == same
    assert counterpart(own, (*others, newer)) == newer
    assert counterpart(own, others) is None


def test_a_removed_result_is_gone_with_its_probes_and_removing_it_twice_is_no_error():
    one, other = made_result("a"), made_result("b")
    stored(one, other)
    weights = (store.folder() / store._file_name(one)).with_suffix(".safetensors")
    weights.write_bytes(b"probes")
    store.remove(one)
    store.remove(one)
    assert store.stored()[0] == [other]
    assert not weights.exists()


def test_hashes_are_those_of_the_models_card(tmp_path):
    made_model(tmp_path)
    entry = entry_in(tmp_path)
    assert lineage_of(entry).own == weights_sha256(entry.path)

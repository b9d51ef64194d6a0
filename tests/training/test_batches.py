"""The order of batches: all windows once, like lengths together, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.training.batches import Collate, LengthBatches
from bertscope_tui.training.features import Feature

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=200)


@given(LENGTHS, st.integers(1, 9), st.integers(0, 5), st.integers(0, 3))
def test_every_window_comes_once_in_every_epoch(lengths, size, seed, epoch):
    batches = LengthBatches(lengths, size=size, tokens=None, seed=seed)
    batches.epoch = epoch
    made = list(batches)
    assert len(made) == len(batches)
    assert sorted(index for batch in made for index in batch) == list(range(len(lengths)))
    assert all(len(batch) <= size for batch in made)


@given(LENGTHS, st.integers(8, 200), st.integers(0, 3))
def test_a_token_budget_holds_for_every_batch_of_more_than_one_window(lengths, tokens, epoch):
    batches = LengthBatches(lengths, size=1, tokens=tokens, seed=1)
    batches.epoch = epoch
    made = list(batches)
    assert len(made) == len(batches)
    for batch in made:
        padded = max(lengths[index] for index in batch) * len(batch)
        assert padded <= tokens or len(batch) == 1
    assert max(Counter(index for batch in made for index in batch).values()) <= 2


@given(LENGTHS, st.integers(1, 5), st.integers(2, 4))
def test_processes_share_the_batches_and_get_the_same_number(lengths, size, processes):
    shares = [
        list(
            LengthBatches(
                lengths, size=size, tokens=None, seed=4, process=place, processes=processes
            )
        )
        for place in range(processes)
    ]
    assert len({len(share) for share in shares}) == 1
    seen = {index for share in shares for batch in share for index in batch}
    assert seen == set(range(len(lengths)))


def test_the_order_depends_on_seed_and_epoch_and_nothing_else():
    lengths = [(place * 7) % 50 + 1 for place in range(300)]

    def order(seed: int, epoch: int) -> list[list[int]]:
        torch.manual_seed(torch.randint(1000, (1,)).item())
        batches = LengthBatches(lengths, size=8, tokens=None, seed=seed)
        batches.epoch = epoch
        return list(batches)

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_windows_of_like_length_go_together():
    lengths = [(place * 37) % 100 + 1 for place in range(2000)]
    made = list(LengthBatches(lengths, size=10, tokens=None, seed=0))
    padded = sum(max(lengths[i] for i in batch) * len(batch) for batch in made)
    assert padded < 1.1 * sum(lengths)


def _row(length: int, types: bool) -> Feature:
    ids = np.arange(1, length + 1, dtype=np.int32)
    return Feature(ids, np.ones(length, dtype=np.int32) if types else None, 1, 2, 3)


def test_short_windows_are_padded_on_the_right_and_masked():
    batch = Collate(9, "span")([_row(2, True), _row(4, True)])
    assert batch["input_ids"].tolist() == [[1, 2, 9, 9], [1, 2, 3, 4]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert batch["token_type_ids"].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert batch["start"].tolist() == [1, 1]
    assert batch["end"].tolist() == [2, 2]


def test_a_network_without_token_types_is_given_none():
    batch = Collate(0, "classification")([_row(2, False)])
    assert "token_type_ids" not in batch
    assert batch["label"].tolist() == [3]
    assert "start" not in batch

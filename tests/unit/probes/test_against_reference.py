"""Scores on real files, against one probe after the other on states by transformers alone."""

from __future__ import annotations

import numpy as np
import pytest

from bertscope_tui.analysis.probing.settings import ProbeSettings
from bertscope_tui.data.probing.open import open_probe_data
from bertscope_tui.data.probing.splitting import limited, with_splits
from bertscope_tui.models.loading import load_model
from bertscope_tui.probes.records import ProbeOptions
from bertscope_tui.probes.run import probe
from tests.reference.probe_macro_f1 import layer_by_layer
from tests.reference.probe_states import states_of
from tests.shared_files import shared

SEEDS = 3


@pytest.mark.real
@pytest.mark.parametrize(
    ("task", "path", "limit"),
    [("ques", "data/trec/train_5500.label", 300), ("sup", "data/xquad/xquad.en.json", 30)],
)
def test_scores_are_those_of_an_independent_loop_within_the_noise_of_seeds(task, path, limit):
    folder = shared("models/minilm-l6")
    data = limited(with_splits(open_probe_data(shared(path), task)), limit)
    options = ProbeOptions(ProbeSettings(rounds=8, patience=3), SEEDS, controls=False)
    result = probe(load_model(str(folder), device="cpu"), data, options).result
    _, spans, targets = states_of(folder, data.examples)
    counts = result.targets
    assert len(targets) == counts.train + counts.dev + counts.test
    assert spans.shape[1] == result.spans
    ours = np.asarray([one.macro_f1_seeds for one in result.layers])
    loop = layer_by_layer(folder, data, options.settings, SEEDS)
    assert ours.shape == loop.shape
    apart = np.abs(ours.mean(1) - loop.mean(1))
    noise = np.maximum(ours.std(1, ddof=1), loop.std(1, ddof=1))
    # The mean of three seeds is itself uncertain by more than half of their deviation.
    assert apart.mean() <= max(noise.mean(), 0.01)
    assert (apart <= np.maximum(3 * noise, 0.06)).all()

"""``inspect --json`` on real data of every format, next to an implementation of its own."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.reference.encode_and_decode import ReferenceBert, best_span
from tests.reference.pca import largest_relative_difference, reference_pca
from tests.shared_files import shared

pytestmark = pytest.mark.real

MODEL = "models/minilm-l6-squad"
CASES = [
    ("squad/train-v1.1.json", "#1", 384),
    ("squad/train-v1.1.json", "#9000", 384),
    ("squad/dev-v2.0.json", "#700", 384),
    ("squadshifts/new_wiki_v1.0.json", "#2000", 384),
    ("hotpotqa/hotpot_dev_distractor_v1.json", "#5", 512),
    ("hotpotqa/hf_hotpot_qa_distractor_validation.json", "#20", 512),
    ("babi/tasks_1-20_v1-2/en/qa2_two-supporting-facts_test.txt", "#100", 384),
    ("babi/tasks_1-20_v1-2/en/qa15_basic-deduction_test.txt", "#7", 384),
]


@cache
def _reference() -> ReferenceBert:
    return ReferenceBert(shared(MODEL))


@pytest.mark.parametrize(("path", "place", "size"), CASES)
def test_what_is_printed_equals_the_reference(command, path, place, size):
    done = command(
        "inspect", "--model", shared(MODEL), "--dataset", shared(f"data/{path}"),
        "--sample", place, "--device", "cpu", "--raw", "--json",
    )  # fmt: skip
    assert done.code == 0
    found = done.json
    sample, window = found["sample"], found["window"]
    windows = _reference().windows(sample["question"], sample["context"], size, 128)
    assert window["count"] == len(windows)
    pieces = windows[window["index"]]
    assert [
        (token["piece"], token["part"], token["start"], token["end"]) for token in found["tokens"]
    ] == [(piece.name, piece.part, piece.start, piece.end) for piece in pieces]

    runs = [_reference().run(one) for one in windows]
    _, start, end = best_span(windows, [(starts, ends) for starts, ends, _ in runs])
    prediction = found["prediction"]
    spans = [(one["start"], one["end"]) for one in prediction["n_best"] if one["start"] is not None]
    assert spans[0] == (start, end)
    if prediction["start"] is not None:
        assert prediction["text"] == sample["context"][start:end]

    shown = [token["index"] for token in found["tokens"] if not token["masked"]]
    assert found["projection"]["aligned"] is False
    coordinates, shares = reference_pca(runs[window["index"]][2], shown)
    layers = found["projection"]["layers"]
    ours = np.array([[layer["x"], layer["y"]] for layer in layers]).transpose(0, 2, 1)
    assert largest_relative_difference(ours, coordinates) < 1e-3
    np.testing.assert_allclose([layer["explained_variance"] for layer in layers], shares, rtol=1e-3)

from __future__ import annotations

import numpy as np
import pytest

from bertscope_tui.engine.encoding import encode
from bertscope_tui.engine.meaning import meanings
from bertscope_tui.inspection.typed import typed_sample
from tests.tiny_models import KINDS, tiny_model


@pytest.mark.parametrize("kind", KINDS)
def test_equal_pieces_mean_the_same_wherever_they_stand(kind: str) -> None:
    model = tiny_model(kind)
    sample = typed_sample("Where did the maker go?", "The maker went to the mill. The mill.", ())
    window = encode(sample, model).windows[0]
    found = meanings(model, window)
    assert found.dtype == np.float32
    assert found.shape[0] == len(window.tokens)
    table = model.network.get_input_embeddings().weight.detach().float().numpy()
    np.testing.assert_array_equal(found, table[list(window.input_ids)])

"""The answer lens of one sample: what the model's own head would answer from each layer.

See `bertscope_tui.engine.heads` for the method and its sources, `docs/layers.md` for how it is
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bertscope_tui.analysis.readings import same_place
from bertscope_tui.data.scoring import exact_match
from bertscope_tui.engine.scoring import ReadOptions, encode_sample, never, predict_sample, score
from bertscope_tui.errors import Cancelled, EngineError
from bertscope_tui.inspection.snapshots import Extraction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bertscope_tui.data.records import QASample
    from bertscope_tui.engine.answers import Prediction
    from bertscope_tui.engine.encoding import Encoded
    from bertscope_tui.engine.forward import DeviceBatch, WindowOutput
    from bertscope_tui.models.loading import LoadedModel

Agreement = Literal["right", "same", "other", "unknown"]
"""Of the best answer of a layer: a gold one; the final one, or where that is; neither."""

NO_HEAD = "this model has no head to read layers with"
NOT_ON_LAYERS = "this model's head cannot be put on earlier layers"

_NO_PLACE = (-1, -1)
_NOTHING = (-2, -2)


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """What the head says of the layers 0 to L of a sample, in all of its windows together.

    ``layers`` has the prediction from each layer, that of the last one being the model's own; None
    where there is none, because the logits of the layer are not finite or the head cannot be put
    on it. ``agreement`` has one entry for each layer. ``leads_from`` is the first layer from which
    on the best answer is the final one, by its text or its place, None where layers are missing;
    then ``reason`` says why in a few words, else it is empty.
    """

    layers: tuple[Prediction | None, ...]
    agreement: tuple[Agreement, ...]
    leads_from: int | None
    reason: str = ""


def read_lens(
    model: LoadedModel,
    extraction: Extraction,
    *,
    options: ReadOptions | None = None,
    cancelled: Callable[[], bool] = never,
) -> Lens:
    """Read every layer of an extraction's sample with the head of the ``model`` it was made by.

    ``options`` are those that the sample was read with. The kept hidden states serve for the
    window that is shown; other windows go through the network once more. Raises `EngineError`
    where the network cannot be run, `Cancelled`.
    """
    from bertscope_tui.engine.heads import LayerHead

    count = extraction.layers + 1
    if extraction.prediction is None:
        return _lens(extraction.sample, (None,) * count, (), NO_HEAD)
    head = LayerHead(model)
    if not head.works:
        only = (*(None,) * (count - 1), extraction.prediction)
        return _lens(extraction.sample, only, model.info.labels, NOT_ON_LAYERS)
    options = options or ReadOptions()
    encoded = encode_sample(model, extraction.sample, options)
    found: list[Prediction | None] = []
    for outputs in _by_layer(model, head, encoded, extraction, cancelled):
        if cancelled():
            raise Cancelled
        try:
            found.append(predict_sample(model, encoded, outputs, options))
        except EngineError:  # logits that are not finite: the layer has no answer
            found.append(None)
    layers = (*found, extraction.prediction)
    return _lens(extraction.sample, layers, model.info.labels, "")


def _by_layer(
    model: LoadedModel,
    head: Any,
    encoded: Encoded,
    extraction: Extraction,
    cancelled: Callable[[], bool],
) -> Iterator[list[WindowOutput]]:
    """Yield the outputs of all windows for each layer but the last."""
    import torch

    from bertscope_tui.engine.forward import run_batches
    from bertscope_tui.engine.lens import batch_of_states, earlier_outputs

    def poll() -> None:
        if cancelled():
            raise Cancelled

    def derive(batch: DeviceBatch) -> list[list[WindowOutput]]:
        """Return ``[window][layer]``."""
        read = earlier_outputs(head, batch, poll=poll)
        return [list(layers) for layers in zip(*read, strict=True)]

    shown = extraction.window.index
    others = [window for window in encoded.windows if window.index != shown]
    by_window = run_batches(model, others, derive, hidden=True, cancelled=cancelled)
    with torch.inference_mode():
        kept = batch_of_states(model, encoded.windows[shown], extraction.states, head)
        by_window.insert(shown, derive(kept)[0])
    yield from (list(outputs) for outputs in zip(*by_window, strict=True))


def _lens(
    sample: QASample,
    layers: tuple[Prediction | None, ...],
    labels: Sequence[str],
    reason: str,
) -> Lens:
    places: NDArray[np.int32] = np.array(
        [_place(one, labels) for one in layers], dtype=np.int32
    ).reshape(-1, 2)
    agreement: list[Agreement] = ["unknown"] * len(layers)
    final = layers[-1]
    if final is None:
        return Lens(layers, tuple(agreement), None, reason)
    same = same_place(places)
    for layer, one in enumerate(layers):
        # Where a text says it more than once, another place is no other answer.
        same[layer] |= one is not None and exact_match(one.text, [final.text]) == 1.0
    for layer, one in enumerate(layers):
        if one is not None:
            scores = score(one, sample)
            right = scores is not None and scores.right
            agreement[layer] = "right" if right else "same" if same[layer] else "other"
    others = np.flatnonzero(~same)
    leads = int(others[-1]) + 1 if len(others) else 0
    return Lens(layers, tuple(agreement), None if reason else leads, reason)


def _place(prediction: Prediction | None, labels: Sequence[str]) -> tuple[int, int]:
    """Return where an answer is: its characters, or the number of its label."""
    if prediction is None:
        return _NOTHING
    if prediction.span is not None:
        return prediction.span.start, prediction.span.end
    if prediction.text in labels:
        return labels.index(prediction.text), -1
    return _NO_PLACE


def lens_object(lens: Lens) -> dict[str, Any]:
    """Return a lens as JSON; what is not known is null."""
    return {
        "leads_from": lens.leads_from,
        "reason": lens.reason or None,
        "layers": [
            {
                "layer": layer,
                "agreement": None if agreement == "unknown" else agreement,
                "text": one.text if one else None,
                "start": one.span.start if one and one.span else None,
                "end": one.span.end if one and one.span else None,
                "probability": one.probability if one else None,
                "n_best": [
                    {
                        "text": candidate.text,
                        "start": candidate.span.start if candidate.span else None,
                        "end": candidate.span.end if candidate.span else None,
                        "probability": candidate.probability,
                    }
                    for candidate in (one.n_best if one else ())
                ],
            }
            for layer, (one, agreement) in enumerate(zip(lens.layers, lens.agreement, strict=True))
        ],
    }

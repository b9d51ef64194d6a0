"""One inspected sample as plain objects, ready to be written as JSON.

The field names are an interface of their own: they are fixed, and described in
``docs/command-line.md``. Text stands here as it is in the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bertscope_tui.analysis.phase_scores import PHASES
from bertscope_tui.analysis.phases import Phases
from bertscope_tui.data.records import QASample, Span
from bertscope_tui.engine.scoring import Scores
from bertscope_tui.errors import InputError
from bertscope_tui.inspection.snapshots import Extraction, Pictures

SCHEMA = "bertscope.inspect/1"


def inspect_object(pictures: Pictures, layers: Sequence[int], phases: Phases) -> dict[str, Any]:
    """Return what ``inspect --json`` prints, with the coordinates of these layers."""
    extraction = pictures.extraction
    return {
        "schema": SCHEMA,
        "model": _model(extraction),
        "sample": _sample(extraction.sample, extraction.dataset),
        "prediction": _prediction(extraction),
        "window": {
            "index": extraction.window.index,
            "count": extraction.window.count,
            "start": extraction.window.start,
            "end": extraction.window.end,
            "best": extraction.window.best,
        },
        "tokens": _tokens(pictures),
        "projection": _projection(pictures, layers),
        "phases": phases_object(phases),
        "outliers": list(extraction.outliers),
        "notes": list(notes(extraction)),
    }


def phases_object(phases: Phases) -> dict[str, Any]:
    """Return phases as JSON: layers without a phase are null, and so are scores there are not."""
    return {
        "found": phases.found,
        "reason": phases.reason or None,
        "layers": list(phases.layers),
        "seen": list(phases.seen),
        "order": list(phases.order),
        "scores": dict(zip(PHASES, phases.scores.tolist(), strict=True)),
        "normalised": dict(zip(PHASES, phases.normal.tolist(), strict=True)),
    }


def chosen_layers(wanted: str | None, last: int, *, default: Iterable[int]) -> tuple[int, ...]:
    """Return the layers that ``--layer`` names: ``all``, a number from 0 to ``last``, or nothing.

    Raises InputError for anything else.
    """
    if wanted is None:
        return tuple(default)
    if wanted == "all":
        return tuple(range(last + 1))
    for layer in range(last + 1):
        if wanted == str(layer):
            return (layer,)
    raise InputError(f"no layer {wanted!r}: the model has layers 0 to {last}, or say all")


def notes(extraction: Extraction) -> tuple[str, ...]:
    """Return the plain sentences about the model, the input and the picture, in this order."""
    found = [*extraction.model.notes, *extraction.notes]
    for place in extraction.outliers:
        found.append(
            f"token {place} is left out of the projection unless --outliers is given: its norm is "
            f"up to {extraction.outlier_ratio:.0f} times that of the other tokens"
        )
    return tuple(found)


def _model(extraction: Extraction) -> dict[str, Any]:
    info = extraction.model
    return {
        "name": info.name,
        "architecture": info.architecture,
        "layers": info.layers,
        "hidden_size": info.hidden_size,
        "head": info.head,
        "base": info.base,
        "device": info.device,
        "dtype": info.dtype,
    }


def _sample(sample: QASample, dataset: str | None) -> dict[str, Any]:
    return {
        "id": sample.id,
        "dataset": dataset,
        "question": sample.question,
        "context": sample.context,
        "answers": [{"text": answer.text, **_ends(answer.span)} for answer in sample.answers],
        "supporting": [[span.start, span.end] for span in sample.supporting],
        "sentences": [[span.start, span.end] for span in sample.sentences],
        "impossible": sample.impossible,
        "origin": {"path": sample.origin.path, "record": sample.origin.record},
    }


def _prediction(extraction: Extraction) -> dict[str, Any] | None:
    prediction = extraction.prediction
    if prediction is None:
        return None
    scores: Scores | None = extraction.scores
    return {
        "text": prediction.text,
        **_ends(prediction.span),
        "probability": prediction.probability,
        "exact_match": scores.exact_match if scores else None,
        "f1": scores.f1 if scores else None,
        "n_best": [
            {"text": one.text, **_ends(one.span), "probability": one.probability}
            for one in prediction.n_best
        ],
    }


def _ends(span: Span | None) -> dict[str, int | None]:
    return {"start": span.start if span else None, "end": span.end if span else None}


def _tokens(pictures: Pictures) -> list[dict[str, Any]]:
    extraction = pictures.extraction
    shown = set(pictures.projection.shown.tolist())
    return [
        {
            "index": token.index,
            "text": token.text,
            "piece": token.piece,
            "part": token.part,
            "start": token.start,
            "end": token.end,
            "role": role,
            "sentence": sentence,
            "masked": token.index not in shown,
        }
        for token, role, sentence in zip(
            extraction.tokens, extraction.roles, extraction.sentences, strict=True
        )
    ]


def _projection(pictures: Pictures, layers: Sequence[int]) -> dict[str, Any]:
    projection = pictures.projection
    recipe = projection.recipe
    return {
        "method": recipe.method,
        "fit": recipe.fit,
        "aligned": recipe.aligned,
        "seed": recipe.seed,
        "layers": [
            {
                "layer": layer,
                "x": projection.coordinates[layer, :, 0].tolist(),
                "y": projection.coordinates[layer, :, 1].tolist(),
                "explained_variance": projection.explained[layer].tolist(),
                "trustworthiness": float(projection.trustworthiness[layer]),
            }
            for layer in layers
        ],
    }

"""Pages of what is only looked for when asked for: clusters of layers, and skipped layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bertscope_tui.data.hygiene import clean
from bertscope_tui.engine.skipping import Skipped
from bertscope_tui.inspection.overlays import LayerClusters
from bertscope_tui.inspection.snapshots import Pictures
from bertscope_tui.inspection.views import Look, token_label
from bertscope_tui.plots.cells import clusters as cells
from bertscope_tui.plots.cells import shorten

_BAR = 20


def clusters_object(found: Sequence[LayerClusters]) -> list[dict[str, Any]]:
    """Return clusters as JSON; labels have one entry for each token in the pictures, in order."""
    return [
        {
            "layer": one.layer,
            "k": one.clusters.k,
            "silhouette": one.clusters.silhouette,
            "agreement": one.agreement,
            "tried": [[k, value] for k, value in one.clusters.tried],
            "labels": one.clusters.labels.tolist(),
        }
        for one in found
    ]


def skipping_object(found: Sequence[Skipped]) -> list[dict[str, Any]]:
    """Return the answers without each layer as JSON; that of layer null is the whole network's."""
    made = []
    for one in found:
        said = one.prediction
        span = said.span if said else None
        made.append(
            {
                "layer": one.layer,
                "text": said.text if said else None,
                "start": span.start if span else None,
                "end": span.end if span else None,
                "probability": said.probability if said else None,
                "survives": one.survives,
            }
        )
    return made


def cluster_lines(found: LayerClusters, pictures: Pictures, width: int) -> Iterator[str]:
    """Yield the clusters of a layer with as many of their tokens as fit into a line each."""
    clusters = found.clusters
    words = f"Clusters of layer {found.layer} in the full space: {clusters.k}"
    if clusters.silhouette == clusters.silhouette:
        words += f", silhouette {clusters.silhouette:.2f}"
    yield f"{words}, agreement with the picture {found.agreement:.2f}"
    for number in range(clusters.k):
        members = clusters.members(number)
        names = " ".join(token_label(pictures.extraction, token) for token in members)
        line = f"  {number} ({len(members)})  {clean(names)}"
        yield "".join(part for part, _ in shorten(cells(line), width, "~"))


def skipping_lines(found: Sequence[Skipped], look: Look, width: int) -> Iterator[str]:
    """Yield a bar of the probability of each answer, and whether it is that of the network."""
    yield "Answers without one layer"
    full, empty = ("#", ".") if look.ascii else ("█", "░")
    for one in found:
        name = "all layers" if one.layer is None else f"without {one.layer}"
        if one.prediction is None:
            yield f"  {name:<11} (the model makes no prediction)"
            continue
        filled = round(one.prediction.probability * _BAR)
        bar = full * filled + empty * (_BAR - filled)
        says = "same " if one.survives else "other"
        text = clean(one.prediction.text or "(no answer in the text)")
        line = f"  {name:<11} {bar} {one.prediction.probability:.3f}  {says}  {text}"
        yield "".join(part for part, _ in shorten(cells(line), width, "~"))

"""Time what is computed of layers: ``python -m tests.bench.layers_bench`` prints JSON.

Each time comes as a ratio to scikit-learn doing the same for the same states, in turn with ours.
"""

from __future__ import annotations

import json
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.clustering import cluster
from bertscope_tui.analysis.projection import Recipe, project

SHAPES = ((7, 128, 384), (13, 384, 768), (25, 512, 1024))
TURNS = 3


def states(layers: int, tokens: int, width: int) -> NDArray[np.float32]:
    """Return states that drift from layer to layer, as those of a network do."""
    rng = np.random.default_rng(0)
    spread = np.geomspace(8.0, 0.1, width)
    drift = rng.normal(size=(layers, tokens, width)) * spread
    return np.cumsum(drift, axis=0).astype(np.float32)


def pictures(layer: NDArray[np.float32]) -> None:
    """Project a layer and say how far to trust it, with scikit-learn."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import trustworthiness

    trustworthiness(layer, PCA(2).fit_transform(layer), n_neighbors=5)


def neighbourhoods(layer: NDArray[np.float32]) -> None:
    """Project a layer by t-SNE and say how far to trust it, with scikit-learn."""
    from sklearn.manifold import TSNE, trustworthiness

    trustworthiness(layer, TSNE(init="pca", max_iter=750).fit_transform(layer), n_neighbors=5)


def groups(layer: NDArray[np.float32]) -> None:
    """Cluster a layer into the number with the best silhouette, with scikit-learn."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    for k in range(2, 9):
        silhouette_score(layer, KMeans(k, n_init=8, random_state=0).fit_predict(layer))


def in_turn(ours: Callable[[], object], theirs: Callable[[], object]) -> dict[str, float]:
    """Return the median seconds of both and their ratio, one run of each to warm up."""
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(TURNS + 1):
        for times, work in zip(taken, (ours, theirs), strict=True):
            start = time.perf_counter()
            work()
            if turn:
                times.append(time.perf_counter() - start)
    mine, other = (statistics.median(times) for times in taken)
    return {"seconds": mine, "scikit_learn": other, "ratio": mine / other}


def main() -> None:
    """Run every bench and print one JSON object."""
    warnings.simplefilter("ignore")
    found = {}
    for layers, tokens, width in SHAPES:
        made = states(layers, tokens, width)
        shown = range(tokens)
        name = f"{layers}x{tokens}x{width}"
        found[f"pca {name}"] = in_turn(
            lambda made=made, shown=shown: project(made, shown),
            lambda made=made: [pictures(layer) for layer in made],
        )
        found[f"t-sne 1x{tokens}x{width}"] = in_turn(
            lambda made=made, shown=shown: project(made[:1], shown, Recipe("tsne")),
            lambda made=made: neighbourhoods(made[0]),
        )
        found[f"clusters 1x{tokens}x{width}"] = in_turn(
            lambda made=made, shown=shown: cluster(made[0], shown),
            lambda made=made: groups(made[0]),
        )
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

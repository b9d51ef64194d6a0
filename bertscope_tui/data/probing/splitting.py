"""Divide a probing data set into train, dev and test, by document.

A document goes to one part whole, and so do documents that share a text, so that nothing a probe is
scored on was trained on. Parts that a data set comes with are kept; only missing ones are made.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bertscope_tui.data.probing.collecting import labels_of
from bertscope_tui.data.probing.records import ProbeData, ProbeExample, ProbeSplit
from bertscope_tui.data.records import Problem

Shares = Sequence[tuple[ProbeSplit, float]]

_WHOLE: Shares = (("train", 0.8), ("dev", 0.1), ("test", 0.1))
_NO_DEV: Shares = (("train", 0.9), ("dev", 0.1))
_NO_TEST: Shares = (("dev", 0.5), ("test", 0.5))


def with_splits(data: ProbeData, seed: int = 0) -> ProbeData:
    """Return the data with a split for every example; unchanged where all three are there.

    Without a dev part a tenth of train becomes it; without a test part half of dev does; with
    neither, or without a train part, all is divided 80/10/10. Examples without a split count as
    train where other examples have one. Documents are drawn by ``seed`` so that the parts hold
    their share of targets and, as far as documents allow, of every label. With fewer documents
    than parts, texts take their place, and a problem says so.
    """
    there = {example.split for example in data.examples}
    if "train" not in there or not there & {"dev", "test"}:
        shares, source = _WHOLE, None
    elif "dev" not in there:
        shares, source = _NO_DEV, "train"
    elif "test" not in there:
        shares, source = _NO_TEST, "dev"
    else:
        shares, source = (), None
    examples = [
        example if example.split is not None else replace(example, split="train")
        for example in data.examples
    ]
    divided = [one for one in examples if shares and source in (None, one.split)]
    parts, by_text = _divide(divided, shares, seed)
    problems = data.problems
    if by_text:
        what = "too few documents to divide; divided by text, so parts share documents"
        problems = (*problems, Problem(data.name, what))
    examples = [replace(one, split=parts[one.id]) if one.id in parts else one for one in examples]
    return replace(data, examples=tuple(examples), problems=problems)


def limited(data: ProbeData, limit: int) -> ProbeData:
    """Keep at most ``limit`` examples, spread evenly, of every split its share, rounded down.

    At least one of every split is kept, also where that makes more than ``limit``.
    """
    total = len(data.examples)
    if total <= limit:
        return data
    kept: set[int] = set()
    for split in dict.fromkeys(example.split for example in data.examples):
        places = [place for place, one in enumerate(data.examples) if one.split == split]
        number = max(1, len(places) * limit // total)
        kept.update(places[place * len(places) // number] for place in range(number))
    examples = tuple(data.examples[place] for place in sorted(kept))
    return replace(data, examples=examples, labels=labels_of(examples))


def _divide(
    examples: Sequence[ProbeExample], shares: Shares, seed: int
) -> tuple[dict[str, ProbeSplit], bool]:
    """Return the part of each example by id, and whether texts had to stand in for documents."""
    if not shares:
        return {}, False
    groups = _groups(examples, by_text=False)
    by_text = len(groups) < len(shares) <= len(_groups(examples, by_text=True))
    if by_text:
        groups = _groups(examples, by_text=True)
    frequency = Counter(
        label for one in examples for target in one.targets for label in target.labels
    )
    # Documents with the same rarest label stand next to each other, in a random order, and each
    # goes to the part that is furthest behind: every label is spread as the shares are. How far
    # behind a part is does not depend on the document, or long ones would all go to train.
    ordered = list(groups)
    random.Random(seed).shuffle(ordered)
    ordered.sort(key=lambda group: _rarest(group, frequency))
    parts: dict[str, ProbeSplit] = {}
    held: Counter[ProbeSplit] = Counter()
    seen = 0
    empty = [split for split, _ in shares]
    for place, group in enumerate(ordered):
        behind = {split: share * seen - held[split] for split, share in shares}
        # Every part gets a document as long as there are any.
        waiting = [one for one in empty if not held[one]]
        choice = waiting if len(ordered) - place <= len(waiting) else list(behind)
        split = max(choice, key=lambda one: behind[one])
        size = sum(len(one.targets) for one in group)
        held[split] += size
        seen += size
        parts.update((one.id, split) for one in group)
    return parts, by_text


def _rarest(group: Iterable[ProbeExample], frequency: Counter[str]) -> tuple[int, str]:
    labels = {label for one in group for target in one.targets for label in target.labels}
    return min(((frequency[label], label) for label in labels), default=(0, ""))


def _groups(examples: Iterable[ProbeExample], *, by_text: bool) -> list[list[ProbeExample]]:
    """Return the examples that must stay together: of one document, or with one text."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    keyed = []
    for example in examples:
        text = f"text:{example.text}"
        key = text if by_text else f"document:{example.document}"
        parent[root(key)] = root(text)
        keyed.append((key, example))
    groups: dict[str, list[ProbeExample]] = {}
    for key, example in keyed:
        groups.setdefault(root(key), []).append(example)
    return list(groups.values())

"""Exact match and F1 of answer texts, by the rules of the SQuAD evaluation.

Rajpurkar et al. 2016 (SQuAD) and 2018 (SQuAD 2.0, unanswerable questions). Scores are fractions
from 0 to 1.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def normalise_answer(text: str) -> str:
    """Return ``text`` in lower case, without ASCII punctuation, articles and extra white space."""
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(prediction: str, golds: Sequence[str]) -> float:
    """Return 1.0 where the prediction equals a gold answer after normalising, else 0.0.

    Without gold answers (an unanswerable question) only the empty prediction is right.
    """
    predicted = normalise_answer(prediction)
    return float(any(predicted == gold for gold in _references(golds)))


def f1(prediction: str, golds: Sequence[str]) -> float:
    """Return the best harmonic mean of word precision and recall over the gold answers.

    Where the prediction or a gold answer has no word left after normalising, the score is
    that of exact match (the SQuAD 2.0 rule).
    """
    predicted = normalise_answer(prediction).split()
    return max(_overlap(predicted, gold.split()) for gold in _references(golds))


def _references(golds: Sequence[str]) -> list[str]:
    """Return the normalised gold answers that have a word left, or the empty answer alone."""
    return [gold for gold in map(normalise_answer, golds) if gold] or [""]


def _overlap(predicted: list[str], gold: list[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    common = (Counter(predicted) & Counter(gold)).total()
    if common == 0:
        return 0.0
    precision, recall = common / len(predicted), common / len(gold)
    return 2 * precision * recall / (precision + recall)

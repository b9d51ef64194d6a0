"""Two models on the same questions: whether one is better by more than luck.

McNemar 1947: only the questions that one model has right and the other wrong tell them apart. The
exact form is used: where the models are equally good, each of them is as likely to go one way as
the other, so the number that went one way is binomial with one half.
"""

from __future__ import annotations


def mcnemar(fixed: int, broken: int) -> float:
    """Return the two-sided exact p-value for two counts of questions whose answer changed sides.

    It is twice the smaller tail, 1 at most, and 1 where nothing changed. Raises ValueError for
    counts below 0.
    """
    if fixed < 0 or broken < 0:
        raise ValueError(f"counts cannot be negative: {fixed}, {broken}")
    from scipy.special import bdtr

    return min(1.0, 2.0 * float(bdtr(min(fixed, broken), fixed + broken, 0.5)))

"""Python's search for objects that only refer to each other, around what stays open for long.

torch and transformers alone are half a million objects. A search through all of them takes a fifth
of a second in which no key is answered, and comes every few dozen steps through the layers.
"""

from __future__ import annotations

import gc


def hold() -> None:
    """Leave everything that is there now out of later searches, until `let_go`."""
    gc.collect()
    gc.freeze()


def let_go() -> None:
    """Free what nobody uses any more, whatever was held: a network that was closed, above all."""
    gc.unfreeze()
    gc.collect()

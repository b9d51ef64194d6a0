"""How the numeric libraries use threads; to be set before numpy, scipy or torch is imported."""

from __future__ import annotations

import os

_POLICY = {
    # Waiting threads sleep instead of spinning. On a machine with few cores, one of them busy
    # (with the screen, say), spinning makes a pass through the network ten times slower.
    "OMP_WAIT_POLICY": "PASSIVE",
    # The matrices of a projection are small: a second thread costs more than it gives, and with a
    # busy core it makes an eigenvalue decomposition a hundred times slower.
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def set_thread_policy() -> None:
    """Set the environment variables that the libraries read when they load; the user's own win."""
    for name, value in _POLICY.items():
        os.environ.setdefault(name, value)

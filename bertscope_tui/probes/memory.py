"""How much memory the process had at most while a block ran."""

from __future__ import annotations

import sys
from pathlib import Path

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class PeakMemory:
    """The largest resident size since it was made, as the system measured it.

    On Linux the system's own high-water mark is set back first. Where that is not allowed, and
    elsewhere, it is that of the whole life of the process.
    """

    def __init__(self) -> None:
        try:
            _CLEAR.write_text("5")
            self._own = True
        except OSError:
            self._own = False

    def bytes(self) -> int:
        """Return the peak so far."""
        if self._own:
            for line in _STATUS.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024

"""Which device and number type the network runs with, and how much memory there is.

torch is imported inside the functions: the first picture of the program comes before it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui.errors import ModelError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cuda", "mps", "cpu")
DTYPES = ("auto", "float32", "bfloat16", "float16")


def available_devices() -> tuple[str, ...]:
    """Return the devices torch can use here, the one that ``auto`` takes first."""
    import torch

    found = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def choose_device(request: str) -> torch.device:
    """Return the device for ``auto``, ``cuda``, ``cuda:1``, ``mps`` or ``cpu``.

    Raises ModelError where it is unknown or not on this machine.
    """
    import torch

    here = available_devices()
    if request == "auto":
        return torch.device(here[0])
    kind, _, number = request.partition(":")
    if kind not in DEVICES or (number and not (kind == "cuda" and number.isdigit())):
        raise ModelError(f"no device {request!r}", remedy=f"one of {', '.join(DEVICES)}")
    if kind not in here or (number and int(number) >= torch.cuda.device_count()):
        raise ModelError(f"no {request} on this machine", remedy=f"here: {', '.join(here)}")
    return torch.device(request)


def choose_dtype(request: str, device: torch.device) -> torch.dtype:
    """Return the number type the network computes in.

    ``auto`` is float32 on the CPU and on mps, and on cuda bfloat16 where the chip has it, else
    float16. A checkpoint's own type never decides: half precision is slow and coarse on a CPU.
    Raises ModelError for a type that is unknown.
    """
    import torch

    types = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if request in types:
        return types[request]
    if request != "auto":
        raise ModelError(f"no number type {request!r}", remedy=f"one of {', '.join(DTYPES)}")
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def free_memory(device: torch.device) -> int | None:
    """Return the free bytes of the device's memory, or None where nothing tells."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu":
        return None
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        kilobytes = next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))
        return int(kilobytes) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return None

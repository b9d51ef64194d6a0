"""Folders that come and go in one step, so that nobody ever sees half of one.

What is not ready yet, or no longer wanted, lies beside the models under a name with a leading dot
that tells whose it is: ``.staging-NAME-PID-RANDOM`` is being written, ``.replaced-…`` was moved
out of the way of a new one, ``.removed-…`` is being deleted. A rename within one folder is one
step; after a crash between two of them, a replaced folder whose place is still empty counts as
the model.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bertscope_tui.errors import DiskError

Kind = Literal["staging", "replaced", "removed"]

_KINDS: dict[str, Kind] = {
    "staging": "staging",
    "replaced": "replaced",
    "removed": "removed",
}
_NAME = re.compile(r"\.(staging|replaced|removed)-(.+)-([0-9]{1,10})-[0-9a-f]{8}", re.DOTALL)
_SETTLED = 60.0
"""Seconds after which what a dead process left is deleted."""
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)
_BROKEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
# What the Rust side of safetensors says of an error of the system: "… (os error 28)".
_SYSTEM_ERROR = re.compile(r"\(os error ([0-9]+)\)")
# torch.save: "[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0".
_TORCH_WRITER = re.compile(
    r"PytorchStreamWriter failed writing|inline_container\.cc.*unexpected pos"
)
_SPACE = "free some space, or choose another folder with --cache-dir or BERTSCOPE_CACHE"
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EROFS)


@dataclass(frozen=True, slots=True)
class Aside:
    """A folder with a leading dot: what it is, of which model, and of which process."""

    path: Path
    kind: Kind
    name: str
    pid: int


class PlaceTakenError(Exception):
    """There is something else where a folder was to be put."""


def aside_path(parent: Path, kind: Kind, name: str) -> Path:
    """Return a new name beside the models for this process."""
    return parent / f".{kind}-{name}-{os.getpid()}-{secrets.token_hex(4)}"


def asides(parent: Path) -> Iterator[Aside]:
    """Yield the folders of this kind in ``parent``, none where it cannot be read."""
    try:
        names = sorted(os.listdir(parent))
    except OSError:
        return
    for name in names:
        match = _NAME.fullmatch(name)
        if match is not None:
            yield Aside(parent / name, _KINDS[match[1]], match[2], int(match[3]))


def interrupted(parent: Path) -> dict[str, Path]:
    """Return the replaced folders whose place is empty, by the name of the model they still are."""
    return {
        one.name: one.path
        for one in asides(parent)
        if one.kind == "replaced" and not os.path.lexists(parent / one.name)
    }


def put_in_place(staging: Path, target: Path, *, force: bool) -> None:
    """Move a finished folder to where it is seen, all of it on the disk before.

    With ``force`` what is there is moved aside first, put back if the new one cannot take its
    place, and deleted after. Raises PlaceTakenError where something is there without ``force``, and
    DiskError.
    """
    try:
        _sync_all(staging)
        while not _swap(staging, target, force):
            pass  # another process was faster in putting its own there
        _sync_folder(target.parent)
    except OSError as exc:
        raise disk_error(exc, target) from exc


def discard(path: Path) -> None:
    """Delete a folder, or the link or file that is in its place; raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sweep(parent: Path) -> None:
    """Delete what dead processes left, and put back what they had moved aside and not replaced.

    What cannot be moved or deleted stays, is in nobody's way, and is noted in the log.
    """
    for one in asides(parent):
        if _is_alive(one.pid):
            continue
        try:
            if one.kind == "replaced" and not os.path.lexists(parent / one.name):
                one.path.rename(parent / one.name)
            elif time.time() - _last_change(one.path) > _SETTLED:
                discard(one.path)
        except OSError as exc:  # gone since it was listed, or not ours to touch
            logging.getLogger(__name__).info("left %s where it is: %s", one.path, exc)


def disk_error(exc: OSError, path: Path) -> DiskError:
    """Return the error that says in one line what the disk would not do with ``path``."""
    remedy = None
    if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        remedy = _SPACE
    elif exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
        remedy = "choose a folder that can be written with --cache-dir or BERTSCOPE_CACHE"
    return DiskError(f"{path}: cannot be written: {exc.strerror or exc}", remedy=remedy)


def disk_trouble(exc: BaseException, below: Path, place: Path) -> DiskError | None:
    """Return the one-line error about ``place`` for an exception that comes from the disk.

    That is one about a file in the folder ``below``, or about a disk that is full or broken, as
    Python, safetensors or torch tell it; None for every other.
    """
    if isinstance(exc, OSError):
        named = exc.filename
        inside = isinstance(named, str) and Path(named).is_relative_to(below)
        return disk_error(exc, place) if inside or exc.errno in _BROKEN else None
    number = _SYSTEM_ERROR.search(str(exc))
    if number is not None:
        return disk_error(OSError(int(number[1]), os.strerror(int(number[1]))), place)
    if _TORCH_WRITER.search(str(exc)) is not None:
        # It does not tell why; nearly always the disk is full.
        return DiskError(f"{place}: not all of it could be written", remedy=_SPACE)
    return None


def _swap(staging: Path, target: Path, force: bool) -> bool:
    """Try to take the place once; False where something got there in between."""
    old = _move_aside(target) if force else None
    try:
        staging.rename(target)
    except OSError as exc:
        if old is not None:
            _put_back(old, target)
        if exc.errno not in _TAKEN:
            raise
        if not force:
            raise PlaceTakenError(str(target)) from exc
        return False
    if old is not None:
        _discard_or_note(old)
    return True


def _move_aside(target: Path) -> Path | None:
    old = aside_path(target.parent, "replaced", target.name)
    try:
        target.rename(old)
    except FileNotFoundError:
        return None
    return old


def _put_back(old: Path, target: Path) -> None:
    """Put back what was moved aside; where that fails it still counts as the model."""
    if os.path.lexists(target):
        _discard_or_note(old)
        return
    try:
        old.rename(target)
    except OSError as exc:
        logging.getLogger(__name__).warning("%s is now at %s: %s", target, old, exc)


def _discard_or_note(path: Path) -> None:
    """Delete what is not needed; what stays is swept up another time."""
    try:
        discard(path)
    except OSError as exc:
        logging.getLogger(__name__).warning("cannot delete %s: %s", path, exc)


def _sync_all(folder: Path) -> None:
    for root, _, files in os.walk(folder):
        for name in files:
            number = os.open(os.path.join(root, name), os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)
        _sync_folder(Path(root))


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as exc:
        if exc.errno not in _NO_SYNC:  # some file systems cannot do this for folders
            raise
    finally:
        os.close(number)


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _last_change(folder: Path) -> float:
    """Return the time of the last change of a folder or of what is right inside it."""
    times = [folder.lstat().st_mtime]
    if folder.is_dir() and not folder.is_symlink():
        times += [child.lstat().st_mtime for child in folder.iterdir()]
    return max(times)

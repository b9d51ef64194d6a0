"""The cache: a model is there whole or not at all, whatever happens to who writes it."""

from __future__ import annotations

import errno
import os
import signal
import string
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui import paths
from bertscope_tui.errors import DiskError, InputError, ModelError
from bertscope_tui.models.cache import (
    check_name,
    ensure_free,
    new_model,
    remove_model,
    sweep_stale,
)
from bertscope_tui.models.catalog import list_models
from tests.models_by_hand import hand_made, write_model
from tests.permissions import needs_permissions

FULL = OSError(errno.ENOSPC, "No space left on device")


def _cached() -> dict[str, str | None]:
    return {entry.name: entry.problem for entry in list_models() if entry.source == "cache"}


def _files() -> list[str]:
    folder = paths.cached_models_dir()
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _put(name: str, mark: str = "") -> Path:
    with new_model(name) as folder:
        write_model(folder, mark)
    return paths.cached_models_dir() / name


def _mark(name: str) -> str:
    return (paths.cached_models_dir() / name / "mark").read_text()


def _refusal(name: str) -> str | None:
    try:
        check_name(name)
    except InputError as error:
        return str(error)
    return None


def _write(name: str, mark: str, *, force: bool = False, error: Exception | None = None) -> None:
    """Write a model into a new folder and then fail, if an error is given."""
    with new_model(name, force=force) as folder:
        write_model(folder, mark)
        if error is not None:
            raise error


def _write_late(name: str, mark: str) -> None:
    """Write a model while another of the same name is written and finished."""
    with new_model(name) as folder:
        write_model(folder, mark)
        _put(name, "fast")


# -- names -----------------------------------------------------------------------------------


_GOOD = string.ascii_letters + string.digits + "._-"


@given(st.text(_GOOD, min_size=1, max_size=100).filter(lambda name: name[0] not in ".-"))
def test_names_of_letters_digits_and_marks_are_good(name):
    check_name(name)


@given(st.text(max_size=130))
def test_a_name_is_refused_unless_it_is_one_harmless_part_of_a_path(name):
    good = bool(name) and set(name) <= set(_GOOD) and name[0] not in ".-" and len(name) <= 100
    message = _refusal(name)
    assert (message is None) == good
    assert message is None or len(message.splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".x", "-x", "a/b", "a b", "a\n", "ä", "x" * 101, "a\x00", "a\x1b[2J"]
)
def test_bad_names_are_refused_before_anything_is_written(name):
    with pytest.raises(InputError, match="cannot be the name of a model"), new_model(name):
        pytest.fail("the block was entered")
    assert _files() == []


def test_the_name_of_a_bundled_model_is_refused(monkeypatch, tmp_path):
    write_model(tmp_path / "sample_data" / "models" / "tales")
    monkeypatch.setattr(paths, "resources", lambda kind: tmp_path / kind)
    for name in ("tales", "Tales"):
        with pytest.raises(InputError, match="comes with the program"):
            ensure_free(name, force=True)
    ensure_free("other", force=False)


# -- writing ---------------------------------------------------------------------------------


def test_a_model_is_seen_when_the_block_has_ended_and_not_before():
    with new_model("mine") as folder:
        write_model(folder)
        assert _cached() == {}
    assert _cached() == {"mine": None}
    assert _files() == ["mine"]


def test_a_block_that_raises_leaves_nothing():
    with pytest.raises(KeyError):
        _write("mine", "", error=KeyError())
    assert _files() == []


def test_a_name_in_use_is_refused_without_force():
    _put("mine", "old")
    with pytest.raises(InputError, match="--force replaces it"), new_model("mine"):
        pytest.fail("the block was entered")
    with pytest.raises(InputError, match="--force replaces it"):
        ensure_free("mine", force=False)
    assert _mark("mine") == "old"


def test_a_damaged_model_is_in_the_way_as_any_other():
    _put("mine")
    (paths.cached_models_dir() / "mine" / "config.json").unlink()
    with pytest.raises(InputError, match="--force"):
        ensure_free("mine", force=False)


def test_force_replaces_a_model_a_file_and_a_link(tmp_path):
    _put("model", "old")
    parent = paths.cached_models_dir()
    (parent / "file").write_text("")
    elsewhere = write_model(tmp_path / "elsewhere", "mine")
    (parent / "link").symlink_to(elsewhere)
    for name in ("model", "file", "link"):
        with new_model(name, force=True) as folder:
            write_model(folder, "new")
        assert _mark(name) == "new"
    assert _files() == ["file", "link", "model"]
    assert (elsewhere / "mark").read_text() == "mine"


def test_force_keeps_the_old_model_when_the_new_one_fails():
    _put("mine", "old")
    with pytest.raises(RuntimeError):
        _write("mine", "new", force=True, error=RuntimeError())
    assert (_mark("mine"), _files()) == ("old", ["mine"])


def test_the_old_model_comes_back_when_the_new_one_cannot_be_put_in_place(monkeypatch):
    _put("mine", "old")
    usual = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path.name.startswith(".staging"):
            raise OSError(errno.EIO, "Input/output error")
        return usual(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with (
        pytest.raises(DiskError, match="Input/output error"),
        new_model("mine", force=True) as folder,
    ):
        write_model(folder, "new")
    assert (_mark("mine"), _files()) == ("old", ["mine"])


def test_who_is_second_with_a_name_loses_without_force_and_wins_with_it():
    with pytest.raises(InputError, match="--force"):
        _write_late("mine", "slow")
    assert (_mark("mine"), _files()) == ("fast", ["mine"])
    with new_model("mine", force=True) as slow:
        write_model(slow, "slow")
        with new_model("mine", force=True) as fast:
            write_model(fast, "faster")
    assert (_mark("mine"), _files()) == ("slow", ["mine"])


# -- disks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["mkdir", "rename"])
def test_an_error_of_the_disk_is_one_line_with_a_remedy(monkeypatch, step):
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, step, fail)
        with pytest.raises(DiskError, match=r"Read-only file system.*--cache-dir") as caught:
            _put("mine")
    assert len(str(caught.value).splitlines()) == 1
    assert _cached() == {}


def test_a_full_disk_is_one_line_wherever_it_strikes(monkeypatch):
    for error in (
        FULL,
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ):
        with pytest.raises(DiskError, match=r"No space left on device.*free some space"):
            _write("mine", "", error=error)

    def full(_: int) -> None:
        raise FULL

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="No space left"):
        _put("mine")
    assert _files() == []


def test_errors_that_are_none_of_the_disks_pass(tmp_path):
    with pytest.raises(FileNotFoundError), new_model("mine"):
        (tmp_path / "gone").read_text()
    with pytest.raises(ModelError, match="mine"), new_model("mine"):
        raise ModelError("mine")
    with pytest.raises(DiskError, match="cannot be written"), new_model("mine") as folder:
        (folder / "gone" / "file").write_text("")


def test_a_cache_that_cannot_be_a_folder_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BERTSCOPE_CACHE", str(tmp_path / "file"))
    assert _cached() == {}
    with pytest.raises(DiskError, match="cannot be written: Not a directory"):
        _put("mine")
    with pytest.raises(ModelError, match="no model"):
        remove_model("mine")


@needs_permissions
def test_a_cache_that_may_not_be_written_is_listed_all_the_same():
    _put("mine")
    parent = paths.cached_models_dir()
    parent.chmod(0o500)
    try:
        with pytest.raises(DiskError, match="Permission denied"):
            _put("other")
        with pytest.raises(DiskError, match="cannot be removed"):
            remove_model("mine")
        assert _cached() == {"mine": None}
    finally:
        parent.chmod(0o700)


# -- processes -------------------------------------------------------------------------------


_WRITER = """
import sys
from tests.models_by_hand import write_model
from tests.permissions import needs_permissions
from bertscope_tui.errors import InputError
from bertscope_tui.models.cache import new_model
name, mark, force = sys.argv[1], sys.argv[2], sys.argv[3] == "force"
try:
    with new_model(name, force=force) as folder:
        write_model(folder, mark)
        print("written", flush=True)
        sys.stdin.readline()
except InputError as error:
    print(error, flush=True)
    sys.exit(2)
"""


def _writer(name: str, mark: str, force: str = "") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, name, mark, force],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    return process


def _age() -> None:
    """Make everything in the cache two minutes old."""
    then = time.time() - 120
    for folder in paths.cached_models_dir().iterdir():
        for path in (*folder.iterdir(), folder):
            os.utime(path, (then, then))


@pytest.mark.parametrize("force", ["", "force"])
def test_a_killed_writer_leaves_nothing_that_is_listed(force):
    if force:
        _put("mine", "old")
    process = _writer("mine", "new", force)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert _cached() == ({"mine": None} if force else {})
    assert sum(name.startswith(".staging-mine-") for name in _files()) == 1
    sweep_stale()
    assert len(_files()) == 1 + bool(force)  # too young to be deleted
    _age()
    _put("other")
    assert _files() == (["mine", "other"] if force else ["other"])
    assert not force or _mark("mine") == "old"


def test_a_writer_at_work_is_not_swept_away():
    process = _writer("mine", "new")
    _age()
    sweep_stale()
    process.communicate("\n")
    assert (process.returncode, _cached(), _mark("mine")) == (0, {"mine": None}, "new")


def test_of_two_processes_with_one_name_one_wins():
    writers = [_writer("mine", mark) for mark in ("a", "b")]
    ends = []
    for writer in writers:
        out, _ = writer.communicate("\n")
        ends.append((writer.returncode, "--force" in out))
    assert ends == [(0, False), (2, True)]
    assert (_files(), _mark("mine")) == (["mine"], "a")


def test_of_two_processes_with_force_the_last_one_stays():
    writers = [_writer("mine", mark, "force") for mark in ("a", "b")]
    for writer in writers:
        writer.communicate("\n")
    assert [writer.returncode for writer in writers] == [0, 0]
    assert (_files(), _mark("mine")) == (["mine"], "b")


def _dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_crash_between_the_two_renames_of_a_replacement_loses_nothing():
    """The moment in which the old model has gone aside and the new one is not there yet."""
    old = _put("mine", "old")
    aside = old.with_name(f".replaced-mine-{_dead_pid()}-0123abcd")
    old.rename(aside)
    assert _cached() == {"mine": None}
    with pytest.raises(InputError, match="--force"):
        ensure_free("mine", force=False)
    sweep_stale()
    assert (_files(), _mark("mine")) == (["mine"], "old")


def test_what_a_finished_replacement_left_over_is_not_listed_and_goes():
    _put("mine", "new")
    parent = paths.cached_models_dir()
    write_model(parent / f".replaced-mine-{_dead_pid()}-0123abcd", "old")
    write_model(parent / f".removed-model-{_dead_pid()}-0123abcd")
    (parent / ".staging-not-ours").mkdir()
    assert _cached() == {"mine": None}
    _age()
    sweep_stale()
    assert (_files(), _mark("mine")) == ([".staging-not-ours", "mine"], "new")


def test_what_cannot_be_swept_is_left(monkeypatch):
    _put("mine")
    left = write_model(paths.cached_models_dir() / f".staging-x-{_dead_pid()}-0123abcd")
    _age()

    def deny(path: str | Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", deny)
    sweep_stale()
    assert left.exists()
    assert _cached() == {"mine": None}


# -- removing --------------------------------------------------------------------------------


def test_a_cached_model_is_removed_also_a_damaged_one(tmp_path):
    _put("mine")
    _put("other")
    parent = paths.cached_models_dir()
    (parent / "a file").write_text("")
    elsewhere = write_model(tmp_path / "elsewhere")
    (parent / "link").symlink_to(elsewhere)
    for name in ("mine", "a file", "link"):
        assert remove_model(name).name == name
    assert _files() == ["other"]
    assert (elsewhere / "config.json").exists()


def test_models_of_other_places_are_not_removed(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "resources", lambda kind: tmp_path / kind)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    bundled = write_model(tmp_path / "sample_data" / "models" / "tales")
    hub = write_model(tmp_path / "hub" / "models--a--b" / "snapshots" / "abc")
    folder = write_model(tmp_path / "folder")
    _put("mine")
    for name, reason in (
        ("tales", "comes with the program"),
        ("a/b", "hf cache rm model/a/b"),
        (str(folder), "a folder of yours"),
        ("MINE", "is 'mine' meant"),
        ("nothing", "no model"),
        ("..", "not a model folder"),
        (".", "not a model folder"),
    ):
        with pytest.raises(ModelError, match=reason):
            remove_model(name)
    assert all(hand_made(path) for path in (bundled, hub, folder))
    assert _cached() == {"mine": None}


def test_a_model_that_cannot_be_deleted_whole_is_not_listed_any_more(monkeypatch):
    _put("mine")

    def fail(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("shutil.rmtree", fail)
    with pytest.raises(DiskError, match=r"not listed any more.*delete /"):
        remove_model("mine")
    assert _cached() == {}

"""States of span tokens on the disk: whole or not there, under a budget, found by what they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from bertscope_tui.analysis.probing import features
from bertscope_tui.analysis.probing.features import FeatureShape, cached, feature_key, keep
from bertscope_tui.errors import Cancelled, DiskError, InputError

SHAPE = FeatureShape(rows=6, layers=3, dim=4)


def states(seed=0, scale=1.0):
    return (np.random.default_rng(seed).normal(size=(6, 3, 4)) * scale).astype(np.float32)


def kept(key, values=None, **more):
    """Keep states, written in two parts from the back."""
    values = states() if values is None else values

    def fill(write):
        write(4, values[4:])
        write(0, values[:4])

    return keep(key, SHAPE, fill, **more)


def names():
    return sorted(one.name for one in features.folder().iterdir())


def used(key, seconds_ago):
    then = time.time() - seconds_ago
    os.utime(features.folder() / key, (then, then))


def test_states_come_back_as_they_were_written_and_are_mapped():
    key = feature_key(weights="a", inputs="b")
    assert cached(key, SHAPE) is None
    found = kept(key)
    assert isinstance(found, np.memmap)
    np.testing.assert_allclose(found, states(), atol=2e-3)
    np.testing.assert_array_equal(cached(key, SHAPE), found)


def test_states_that_16_bits_cannot_hold_are_kept_in_32():
    assert kept("small").dtype == np.float16
    large = states(scale=1e5)
    found = kept("large", large)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, large)


def test_keys_differ_with_every_part_and_only_with_these():
    parts = {"weights": "a", "random": False, "dtype": "float32", "inputs": "b"}
    assert feature_key(**parts) == feature_key(**dict(reversed(parts.items())))
    changed = [{"weights": "c"}, {"random": True}, {"dtype": "float16"}, {"inputs": "c"}]
    keys = {feature_key(**parts), *(feature_key(**{**parts, **one}) for one in changed)}
    assert len(keys) == 1 + len(changed)


def test_those_used_longest_ago_make_room_and_looking_counts_as_use():
    room = 3 * (SHAPE.bytes() + 100)  # what describes the states counts, too
    for place, key in enumerate(("first", "second", "third")):
        kept(key, budget=room)
        used(key, 100 - place)
    assert cached("first", SHAPE) is not None
    still_read = cached("second", SHAPE)
    used("second", 99)
    kept("fourth", budget=room)
    assert names() == ["first", "fourth", "third"]
    np.testing.assert_allclose(still_read, states(), atol=2e-3)


def test_more_than_the_budget_is_refused_before_anything_is_removed():
    kept("there")
    with pytest.raises(InputError, match="budget") as error:
        kept("new", budget=SHAPE.bytes() - 1)
    assert "--features-gb" in error.value.remedy
    assert names() == ["there"]


@pytest.mark.parametrize("problem", [Cancelled(), RuntimeError("the network failed")])
def test_nothing_is_left_of_states_that_were_not_finished(problem):
    def fill(write):
        write(0, states()[:2])
        raise problem

    with pytest.raises(type(problem)):
        keep("key", SHAPE, fill)
    assert names() == []
    assert cached("key", SHAPE) is None


def test_a_killed_process_leaves_nothing_that_is_taken_for_states_and_is_swept_up():
    code = f"""
import time, numpy as np
from bertscope_tui.analysis.probing import features
def fill(write):
    write(0, np.ones((6, 3, 4), np.float32))
    print("written", flush=True)
    time.sleep(60)
features.keep("key", features.{SHAPE!r}, fill)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"written\n"
        child.send_signal(signal.SIGKILL)
    (left,) = features.folder().iterdir()
    assert left.name.startswith(".staging-key-")
    assert cached("key", SHAPE) is None
    then = time.time() - 3600
    for one in (*left.iterdir(), left):
        os.utime(one, (then, then))
    np.testing.assert_allclose(kept("key"), states(), atol=2e-3)
    assert names() == ["key"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda place: (place / "states.bin").unlink(),
        lambda place: (place / "states.bin").write_bytes(b"short"),
        lambda place: (place / "features.json").write_text("{"),
        lambda place: (place / "features.json").write_text('{"schema": "bertscope.features/0"}'),
    ],
)
def test_damaged_states_are_none_and_are_made_again(damage):
    kept("key")
    damage(features.folder() / "key")
    assert cached("key", SHAPE) is None
    np.testing.assert_allclose(kept("key"), states(), atol=2e-3)


def test_states_of_another_shape_are_not_taken():
    kept("key")
    assert cached("key", FeatureShape(4, 3, 6)) is None


def test_states_that_another_process_was_faster_to_make_are_taken():
    def fill(write):
        kept("key", states(1))
        write(0, states(2))

    np.testing.assert_allclose(keep("key", SHAPE, fill), states(1), atol=2e-3)
    assert names() == ["key"]


def test_a_place_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BERTSCOPE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DiskError, match="file"):
        kept("key")

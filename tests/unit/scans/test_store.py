"""The store of scans: what goes in comes out, and what cannot be read is said in one line."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bertscope_tui.data.records import Answer, QASample, Span
from bertscope_tui.engine.answers import Candidate, Prediction
from bertscope_tui.engine.scanned import SIGNALS, Scanned
from bertscope_tui.engine.scoring import ReadOptions, Scores
from bertscope_tui.errors import BertscopeError, DiskError, InputError
from bertscope_tui.scans.records import NOT_RUN, RIGHT, UNKNOWN, WRONG, Mark
from bertscope_tui.scans.store import Store, is_running, lock
from tests.permissions import needs_permissions
from tests.unit.scans.made import (
    LAYERS,
    WIDTH,
    could_not_run,
    made_rows,
    made_sample,
    made_scanned,
    made_spec,
)

TEXTS = st.text(st.characters(), max_size=20)  # halves of surrogate pairs, NUL and all
SPANS = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda ends: Span(*sorted(ends)))
PROBABILITIES = st.floats(0, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    span = draw(st.none() | SPANS)
    return Candidate(draw(TEXTS), span, draw(PROBABILITIES), draw(st.integers(0, 5)))


@st.composite
def finished(draw: st.DrawFn, place: int) -> tuple[Scanned, QASample]:
    """A sample with anything in it that may be, which need not make sense."""
    gold = draw(st.lists(TEXTS, max_size=3))
    sample = made_sample(
        place,
        id=draw(TEXTS),
        question=draw(TEXTS),
        answers=tuple(Answer(text) for text in gold),
        group=draw(TEXTS),
        task_name=draw(st.none() | st.sampled_from(["1", "20"])),
    )
    if draw(st.booleans()):
        return could_not_run(place), sample
    n_best = tuple(draw(st.lists(candidates(), min_size=1, max_size=4)))
    first = n_best[0]
    floats = {"allow_subnormal": True, "width": 32}
    scanned = made_scanned(
        place,
        sample_id=sample.id,
        impossible=draw(st.booleans()),
        gold_spans=tuple(draw(st.lists(SPANS, max_size=2))),
        prediction=Prediction(first.text, first.span, first.probability, first.window, n_best),
        scores=draw(st.none() | st.builds(Scores, PROBABILITIES, PROBABILITIES)),
        sight=draw(st.sampled_from(["seen", "unplaced", "truncated", "untokenised", "too long"])),
        facts=tuple(draw(st.lists(st.integers(0, 9), max_size=3))),
        facts_given=draw(st.booleans()),
        predicted_sentence=draw(st.none() | st.integers(0, 9)),
        signals=draw(arrays(np.float32, (len(SIGNALS), LAYERS + 1), elements=st.floats(**floats))),
        lens=draw(arrays(np.int32, (LAYERS + 1, 2))),
        best_sentence=draw(arrays(np.int16, (LAYERS + 1,))),
        vector=draw(st.none() | arrays(np.float16, (LAYERS + 1, WIDTH))),
    )
    return scanned, sample


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return bool(one == other) and type(one) is type(other)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_a_sample_holds_comes_back_to_the_bit(data, tmp_path_factory):
    rows = [data.draw(finished(place)) for place in range(data.draw(st.integers(1, 3)))]
    with Store(tmp_path_factory.mktemp("round") / "store.sqlite") as store:
        run = store.create(made_spec())
        store.add(run.id, rows, seconds=1.5, tokens=7)
        found = list(store.rows(run.id))
        places, vectors = store.pooled(run.id, range(5))
    assert len(found) == len(rows)
    for (scanned, sample), row in zip(rows, found, strict=True):
        for one in fields(Scanned):
            if one.name != "vector":
                wanted, got = getattr(scanned, one.name), getattr(row.scanned, one.name)
                assert _same(wanted, got), one.name
        assert row.scanned.vector is None
        assert (row.question, row.group, row.task_name) == (
            sample.question,
            sample.group,
            sample.task_name,
        )
        assert row.gold == tuple(answer.text for answer in sample.answers)
    kept = [scanned for scanned, _ in rows if scanned.vector is not None]
    assert places.tolist() == [scanned.place for scanned in kept]
    for scanned, vector in zip(kept, vectors, strict=True):
        assert _same(scanned.vector, vector)


def test_a_run_comes_back_as_it_was_described(path):
    spec = made_spec(options=ReadOptions(100, 7, 3, 9, True), limit=50, variant="span", split="dev")
    with Store(path) as store:
        made = store.create(spec)
        with Store(path, readonly=True) as reader:
            read = reader.run("made")
    assert made == read
    for one in fields(spec):
        if one.name != "asks_accuracy":
            assert getattr(read, one.name) == getattr(spec, one.name), one.name
    assert (read.done, read.exact_match, read.f1, read.accuracy) == (0, None, None, None)
    assert (read.resumed_from, read.classified, read.seconds, read.tokens) == (0, False, 0, 0)


def test_scores_count_samples_that_could_not_be_run_as_wrong_and_leave_out_unanswered_ones(path):
    rows = made_rows(range(3))
    rows.append((could_not_run(3), made_sample(3)))
    rows.append((made_scanned(4, scores=None), made_sample(4, answers=())))
    rows.append((could_not_run(5), made_sample(5, answers=())))
    with Store(path) as store:
        run = store.create(made_spec(asks_accuracy=True))
        store.add(run.id, rows, seconds=1, tokens=2)
        store.add(run.id, made_rows([6], right=False), seconds=2, tokens=3)
        run = store.run("made")
        columns = store.columns(run.id)
        store.finish(run.id)
        finished = store.run("made")
    for one in (run, finished):
        assert (one.done, one.errors, one.seconds, one.tokens) == (7, 2, 3, 5)
        assert one.exact_match == one.accuracy == 2 / 5
        assert one.f1 == pytest.approx((0.0 + 1 + 1 + 0 + 6 / 7) / 5, abs=1e-15)
    assert columns.right.tolist() == [WRONG, RIGHT, RIGHT, NOT_RUN, UNKNOWN, NOT_RUN, WRONG]
    assert columns.predictions[3] == ""
    assert np.isnan(columns.confidence[3])
    assert np.isnan(columns.f1[4])


def test_samples_that_are_there_stay_as_they_are(path):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(3)), seconds=1, tokens=1)
        again = [(made_scanned(1, right=False), made_sample(1)), *made_rows([7])]
        store.add(run.id, again, seconds=1, tokens=1)
        assert store.finished(run.id) == {0, 1, 2, 7}
        assert store.count(run.id) == 4
        (row,) = store.rows(run.id, [1])
    assert row.scanned.right is True


def test_a_batch_is_kept_whole_or_not_at_all(path):
    with Store(path) as store:
        run = store.create(made_spec())
        bad = made_scanned(2)
        object.__setattr__(bad, "signals", "no array")
        with pytest.raises(ValueError, match="no array"):
            store.add(run.id, [*made_rows(range(2)), (bad, made_sample(2))], seconds=1, tokens=1)
        assert store.count(run.id) == 0
        assert store.run("made").seconds == 0
        store.add(run.id, made_rows(range(2)), seconds=1, tokens=1)
        assert store.count(run.id) == 2


def test_rows_come_in_order_or_in_the_order_asked_for(path):
    with Store(path) as store:
        run = store.create(made_spec())
        for places in ([5, 3, 9], [0, 12, 4]):
            store.add(run.id, made_rows(places), seconds=1, tokens=1)
        assert [row.scanned.place for row in store.rows(run.id, batch=2)] == [0, 3, 4, 5, 9, 12]
        assert [row.scanned.place for row in store.rows(run.id, [12, 1, 0, 5])] == [12, 0, 5]
        assert store.columns(run.id).places.tolist() == [0, 3, 4, 5, 9, 12]
        first, after = store.columns_since(run.id, 0)
        assert len(first.places) == 6
        store.add(run.id, made_rows([1]), seconds=1, tokens=1)
        more, later = store.columns_since(run.id, after)
        assert more.places.tolist() == [1]
        assert later > after
        assert store.columns_since(run.id, later)[0].places.size == 0


def test_signals_and_vectors_of_a_layer_are_those_of_the_samples(path):
    with Store(path) as store:
        run = store.create(made_spec())
        rows = [*made_rows(range(4)), (could_not_run(4), made_sample(4)), *made_rows([5])]
        object.__setattr__(rows[1][0], "vector", None)
        store.add(run.id, rows, seconds=1, tokens=1)
        places, signals, right, confidence, groups = store.signals(run.id)
        assert places.tolist() == [0, 1, 2, 3, 5]
        assert signals.shape == (5, len(SIGNALS), LAYERS + 1)
        for place, found in zip(places, signals, strict=True):
            assert np.array_equal(found, made_scanned(int(place)).signals)
        assert right.tolist() == [0, 1, 1, 0, 1]
        assert confidence.tolist() == [0.5] * 5
        assert groups == ["paragraph 0"] * 4 + ["paragraph 1"]
        for layer in range(LAYERS + 1):
            with_vector, vectors = store.vectors(run.id, layer)
            assert with_vector.tolist() == [0, 2, 3, 5]
            assert vectors.dtype == np.float32
            for place, found in zip(with_vector, vectors, strict=True):
                assert np.array_equal(found, made_scanned(int(place)).vector[layer])
        with pytest.raises(ValueError, match="no layer 4 of 3"):
            store.vectors(run.id, LAYERS + 1)
        empty = store.create(made_spec(name="empty"))
        assert store.signals(empty.id)[1].shape[:2] == (0, len(SIGNALS))
        assert store.vectors(empty.id, 0)[1].shape == (0, WIDTH)


def test_a_mark_is_undone_by_setting_what_was_before(path):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(2)), seconds=1, tokens=1)
        first, second = Mark(("look", "\ud800"), "a \x00 note"), Mark((), "other")
        assert store.mark(run.id, 1, first) == Mark()
        assert store.mark(run.id, 1, second) == first
        assert store.mark(run.id, 1, first) == second
        columns = store.columns(run.id)
        assert (columns.tags, columns.notes) == ([(), first.tags], ["", first.note])
        (row,) = store.rows(run.id, [1])
        assert Mark(row.tags, row.note) == first
        assert store.mark(run.id, 1, Mark()) == first
        assert store.columns(run.id).tags == [(), ()]


def test_failures_are_replaced_and_hold_until_another_sample_is_finished(path):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(4)), seconds=1, tokens=1)
        store.set_failures(
            run.id, [(0, "other", "no \ud800 reason", None), (3, "boundary", "b", 2)]
        )
        assert store.run("made").classified
        columns = store.columns(run.id)
        assert columns.failures == ["other", None, None, "boundary"]
        assert columns.first_layers.tolist() == [-1, -1, -1, 2]
        assert columns.evidence[0] == "no \ud800 reason"
        store.set_failures(run.id, [(3, "wrong-fact", "w", 1)])
        assert store.columns(run.id).failures == [None, None, None, "wrong-fact"]
        store.add(run.id, made_rows([4]), seconds=1, tokens=1)
        assert not store.run("made").classified
        store.set_failures(run.id, [], samples=4)
        assert not store.run("made").classified
        store.set_failures(run.id, [])
        assert store.run("made").classified


def test_a_summary_holds_until_another_sample_is_finished(path):
    with Store(path) as store:
        run = store.create(made_spec())
        assert store.summary(run.id, "early") is None
        store.keep_summary(run.id, "early", {"a": [1, None]})
        assert store.summary(run.id, "early") == {"a": [1, None]}
        store.add(run.id, made_rows([0]), seconds=1, tokens=1)
        assert store.summary(run.id, "early") is None
        store.keep_summary(run.id, "early", {"a": 2})
        assert store.summary(run.id, "early") == {"a": 2}
        assert store.summary(run.id, "late") is None
    with Store(path, readonly=True) as store:
        store.keep_summary(run.id, "early", {"a": 3})
        assert store.summary(run.id, "early") == {"a": 2}


# -- going on, beginning anew, removing ------------------------------------------------------------


def test_the_same_model_and_data_go_on_with_what_is_there(path):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(3)), seconds=1, tokens=1)
        moved = made_spec(model="m2", model_path="/elsewhere", device="cuda:0", vectors=99)
        again = store.create(moved)
        assert (again.id, again.resumed_from, again.done) == (run.id, 3, 3)
        assert again.vectors == run.vectors, "which samples keep a vector must not change midway"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"model_sha256": "c" * 64}, "weights have changed"),
        ({"data_sha256": "c" * 64}, "files have changed"),
        ({"options": ReadOptions(max_tokens=200)}, "windows are cut"),
        ({"limit": 3}, "limit"),
        ({"variant": "span"}, "variant"),
        ({"split": "test"}, "split"),
        ({"tasks": ()}, "tasks"),
        ({"keep_yes_no": True}, "yes/no"),
        ({"dtype": "bfloat16"}, "another type"),
        ({"total": 5}, "total"),
    ],
)
def test_another_model_or_other_data_are_refused_with_the_way_out(path, change, why):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(3)), seconds=1, tokens=1)
        with pytest.raises(InputError) as refused:
            store.create(made_spec(**change))
        assert why in str(refused.value)
        assert "--force" in str(refused.value)
        assert "--name" in str(refused.value)
        assert store.count(run.id) == 3
        anew = store.create(made_spec(**change), force=True)
        assert (anew.id > run.id, anew.done) == (True, 0)
        assert store.count(run.id) == 0
        assert [one.id for one in store.runs()] == [anew.id]


def test_a_finished_run_stays_finished_and_force_throws_it_away(path):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(2)), seconds=1, tokens=1)
        store.mark(run.id, 0, Mark(("x",)))
        store.finish(run.id)
        assert store.create(made_spec()).state == "done"
        assert store.create(made_spec(), force=True).done == 0
        assert store.columns(run.id).places.size == 0


def test_removing_a_run_leaves_nothing_of_it_behind(path):
    with Store(path) as store:
        keep = store.create(made_spec(name="keep"))
        run = store.create(made_spec())
        for one in (keep, run):
            store.add(one.id, made_rows(range(3)), seconds=1, tokens=1)
            store.set_failures(one.id, [(0, "other", "", None)])
            store.mark(one.id, 0, Mark(("x",)))
            store.keep_summary(one.id, "early", {})
        store.remove("made")
        assert [one.name for one in store.runs()] == ["keep"]
        with pytest.raises(InputError, match="there are: keep"):
            store.remove("made")
    with sqlite3.connect(path) as database:
        for table in ("sample", "detail", "vector", "failure", "mark", "summary"):
            (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert count == {"sample": 3, "detail": 3, "vector": 3}.get(table, 1), table
    database.close()


def test_a_run_counts_as_running_only_while_somebody_holds_it(path):
    with Store(path) as store:
        store.create(made_spec())
        assert store.run("made").state == "stopped"
        with lock("made", path):
            assert is_running("made", path)
            assert store.run("made").state == "running"
            with pytest.raises(InputError, match="is running"), lock("made", path):
                pass
            with pytest.raises(InputError, match="is running"):
                store.remove("made")
        assert store.run("made").state == "stopped"
        store.remove("made")


@pytest.mark.parametrize(
    "name", ["", ".", "../x", "a/b", "a b", "ü", "-x", "x" * 101, "a\n", "a\0"]
)
def test_names_that_could_be_paths_or_options_are_refused(path, name):
    with Store(path) as store, pytest.raises(InputError, match="cannot be the name"):
        store.create(made_spec(name=name))


@pytest.mark.parametrize("name", ["no\x1b[31m", "'; DROP TABLE run; --", "\ud800", "a\0b"])
def test_unknown_names_are_told_in_one_clean_line(path, name):
    with Store(path) as store:
        store.create(made_spec())
        with pytest.raises(InputError) as told:
            store.run(name)
        assert "there are: made" in str(told.value)
        assert str(told.value).isprintable()
        assert len(store.runs()) == 1


# -- files that are not as they should be ----------------------------------------------------------


def _read(path: Path, *, readonly: bool) -> None:
    with Store(path, readonly=readonly) as store:
        for run in store.runs():
            list(store.rows(run.id))
            store.columns(run.id)


def _told(path: Path, *, readonly: bool) -> str:
    with pytest.raises(BertscopeError) as told:
        _read(path, readonly=readonly)
    message = str(told.value)
    assert "\n" not in message
    assert str(path.parent) in message
    return message


@pytest.mark.parametrize("readonly", [True, False])
def test_files_of_others_are_left_alone(path, readonly):
    path.write_text("my shopping list, which is long enough to be no header\n" * 40)
    before = path.read_bytes()
    assert "not a database" in _told(path, readonly=readonly)
    assert path.read_bytes() == before
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE shopping (what TEXT)")
    database.close()
    assert "another program" in _told(path, readonly=readonly)
    path.unlink()
    path.mkdir()
    _told(path, readonly=readonly)


@pytest.mark.parametrize("readonly", [True, False])
def test_a_store_of_a_newer_version_is_left_alone(path, readonly):
    Store(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert "newer version" in _told(path, readonly=readonly)


def test_a_damaged_store_is_said_to_be_damaged(path):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(300)), seconds=1, tokens=1)
    whole = path.read_bytes()
    told = []
    for begin in range(8192, len(whole) - 4096, len(whole) // 20):
        path.write_bytes(whole[:begin] + b"\xa5" * 4096 + whole[begin + 4096 :])
        with suppress(InputError):
            _read(path, readonly=True)
            continue
        told.append(_told(path, readonly=True))
    assert told
    assert all("damaged" in message for message in told)
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in _told(path, readonly=True)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE detail SET facts = 'no JSON'",
        "UPDATE detail SET facts = '{}'",
        "UPDATE detail SET n_best = x'00'",
        "UPDATE detail SET signals = x'00'",
        "UPDATE detail SET lens = x'0000000000'",
        "UPDATE sample SET gold = '5'",
        "UPDATE sample SET sample_id = x'ff'",
        "UPDATE run SET spec = '{}'",
        "UPDATE run SET spec = '[]'",
        "UPDATE sample SET question = CAST(x'ff' AS TEXT)",
        "ALTER TABLE sample RENAME COLUMN question TO what",
    ],
)
def test_content_that_makes_no_sense_is_damage_too(path, change):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(3)), seconds=1, tokens=1)
    with sqlite3.connect(path) as database:
        database.execute(change)
    database.close()
    assert "damaged" in _told(path, readonly=True)


def test_nothing_is_written_to_read_a_store_that_is_not_there(tmp_path):
    path = tmp_path / "none" / "store.sqlite"
    with Store(path, readonly=True) as store:
        assert store.runs() == []
        with pytest.raises(InputError, match="none"):
            store.run("made")
    assert not path.parent.exists()


@needs_permissions
def test_a_cache_that_cannot_be_written_is_read_all_the_same(path):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(3)), seconds=1, tokens=1)
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with Store(path, readonly=True) as store:
            assert [row.scanned.place for row in store.rows(run.id)] == [0, 1, 2]
        with pytest.raises(DiskError) as told, Store(path) as store:
            store.create(made_spec(name="other"))
        assert "--cache-dir" in str(told.value)
    finally:
        path.parent.chmod(0o700)


@needs_permissions
def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DiskError, match="cannot be made"):
            Store(tmp_path / "cache" / "store.sqlite")
    finally:
        tmp_path.chmod(0o700)
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="cannot be made"):
        Store(tmp_path / "file" / "store.sqlite")


def test_a_full_disk_loses_the_batch_and_nothing_else(path):
    with Store(path) as store:
        run = store.create(made_spec())
        store.add(run.id, made_rows(range(5)), seconds=1, tokens=1)
        (pages,) = store._database.execute("PRAGMA page_count").fetchone()
        store._database.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(DiskError) as told:
            store.add(run.id, made_rows(range(5, 500)), seconds=1, tokens=1)
        assert "no space left" in str(told.value)
        assert "goes on" in str(told.value)
        assert store.count(run.id) == 5

"""A scan from end to end, with samples that are made up: going on, refusing, and what is kept."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bertscope_tui.engine.scanned import Scanned
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.errors import Cancelled, InputError
from bertscope_tui.scans.scan import Scan, ScanProgress, ScanRequest
from bertscope_tui.scans.store import Store, is_running
from tests.unit.scans.made import (
    LAYERS,
    WIDTH,
    MadeScanner,
    dump,
    made_dataset,
    made_model,
    made_rows,
    made_scanned,
    made_spec,
)

ROOT = Path(__file__).resolve().parents[3]
STATM = Path("/proc/self/statm")
VECTOR = (LAYERS + 1) * WIDTH * 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


class Desk:
    """A model, a data set and a store, and scans of them."""

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder, self.path = folder, path
        self.model = made_model(folder / "model")
        self.dataset = made_dataset(folder / "data.json", 100)

    def scan(self, **request: Any) -> Scan:
        size = request.pop("size", 8)
        return Scan(
            self.model,
            self.dataset,
            ScanRequest(**request),
            path=self.path,
            make_scanner=partial(MadeScanner, size=size),
        )


@pytest.fixture
def desk(tmp_path: Path, path: Path) -> Desk:
    return Desk(tmp_path, path)


def after(count: int) -> Any:
    """Return a flag that is set once it was asked ``count`` times."""
    answers = iter([False] * count)
    return lambda: next(answers, True)


def test_a_scan_keeps_every_sample_and_sorts_the_wrong_ones(desk, path):
    told: list[ScanProgress] = []
    batches: list[int] = []
    with desk.scan() as scan:
        run = scan.run(progress=told.append, finished=lambda rows: batches.append(len(rows)))
    assert (run.name, run.state, run.done, run.total) == ("model-data", "done", 100, 100)
    assert (run.tokens, run.resumed_from, run.classified) == (1000, 0, True)
    assert run.exact_match == 66 / 100
    assert batches == [8] * 12 + [4]
    assert [now.stage for now in (told[0], told[1], told[-1])] == [
        "preparing",
        "scanning",
        "sorting",
    ]
    assert [now.done for now in told] == sorted(now.done for now in told)
    assert told[1].samples_per_second is None
    assert all(now.samples_per_second and now.tokens_per_second for now in told[2:])
    assert told[-1].eta_seconds == 0
    with Store(path, readonly=True) as store:
        columns = store.columns(run.id)
    wrong = {place for place in range(100) if place % 3 == 0}
    assert {place for place, kind in enumerate(columns.failures) if kind is not None} == wrong


def test_a_scan_done_in_pieces_is_the_same_as_one_in_one_go(desk, path, tmp_path):
    whole = tmp_path / "whole.sqlite"
    with Scan(desk.model, desk.dataset, path=whole, make_scanner=MadeScanner) as scan:
        scan.run()
    pieces = 0
    with desk.scan() as scan:
        while True:
            pieces += 1
            try:
                run = scan.run(after(1))
                break
            except Cancelled:
                assert is_running("model-data", path), "an interruption does not let go of it"
    assert pieces > 10
    assert run.resumed_from == 0
    assert dump(path) == dump(whole)


def test_a_scan_that_goes_on_keeps_its_batches_however_much_memory_is_free(desk, path, monkeypatch):
    free = iter([4_096, 512])
    monkeypatch.setattr("bertscope_tui.engine.scanning.token_budget", lambda model: next(free))
    given: list[int] = []

    class Noting(MadeScanner):
        def __init__(self, *args: Any, budget: int, **named: Any) -> None:
            chosen = named.pop("places")
            finished, vectors = named.pop("finished"), named.pop("vectors")
            super().__init__(*args, finished, vectors, chosen, budget, **named)
            given.append(self.batch_tokens)

    monkeypatch.setattr("bertscope_tui.engine.scanning.Scanner", Noting)
    with pytest.raises(Cancelled), Scan(desk.model, desk.dataset, path=path) as scan:
        scan.run(after(3))
    with Scan(desk.model, desk.dataset, path=path) as scan:
        run = scan.run()
    assert (run.state, run.resumed_from, run.batch_tokens) == ("done", 24, 4_096)
    assert given == [4_096, 4_096]


def test_a_stopped_scan_keeps_what_is_done_and_another_goes_on(desk, path):
    with pytest.raises(Cancelled), desk.scan() as scan:
        scan.run(after(3))
    with Store(path, readonly=True) as store:
        stopped = store.run("model-data")
    assert (stopped.state, stopped.done, stopped.classified) == ("stopped", 24, False)
    told: list[ScanProgress] = []
    with desk.scan() as scan:
        run = scan.run(progress=told.append)
    assert (run.state, run.done, run.resumed_from, run.tokens) == ("done", 100, 24, 1000)
    assert told[1].done == 24


def test_a_finished_scan_is_not_run_again_but_begun_anew_on_demand(desk):
    with desk.scan() as scan:
        first = scan.run()
    with desk.scan() as scan:
        assert scan.run() == first
    with desk.scan(force=True) as scan:
        anew = scan.run()
    assert anew.id > first.id


def test_changed_weights_and_changed_data_are_refused(desk):
    with pytest.raises(Cancelled), desk.scan() as scan:
        scan.run(after(2))
    made_model(desk.folder / "model", weight=2.0)
    with pytest.raises(InputError, match="weights have changed") as told, desk.scan() as scan:
        scan.run()
    assert "--force" in str(told.value)
    made_model(desk.folder / "model")
    Path(desk.dataset.path).write_text("other questions")
    with pytest.raises(InputError, match="files have changed"), desk.scan() as scan:
        scan.run()
    made_dataset(Path(desk.dataset.path), 100)
    with pytest.raises(InputError, match="windows"), desk.scan(options=ReadOptions(50)) as scan:
        scan.run()
    with desk.scan() as scan:
        assert scan.run().resumed_from == 16


def test_weights_and_data_that_are_gone_are_told(desk):
    (desk.folder / "model" / "model.safetensors").unlink()
    with pytest.raises(InputError), desk.scan() as scan:
        scan.run()
    made_model(desk.folder / "model")
    Path(desk.dataset.path).unlink()
    with pytest.raises(InputError, match="cannot be read"), desk.scan() as scan:
        scan.run()


def test_a_model_without_a_head_is_refused_at_once(desk):
    desk.model = made_model(desk.folder / "bare", head=None)
    with pytest.raises(InputError, match="no question-answering head"):
        desk.scan()


def test_two_scans_of_one_name_cannot_run_at_once(desk, path):
    with desk.scan() as one:
        with pytest.raises(Cancelled):
            one.run(after(1))
        with pytest.raises(InputError, match="is running"), desk.scan() as other:
            other.run()
        with desk.scan(name="other") as other:
            assert other.run().done == 100
        assert one.run().done == 100
    assert not is_running("model-data", path)


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
def test_a_limit_takes_the_samples_that_an_evaluation_would(desk, path, limit):
    with desk.scan(limit=limit) as scan:
        run = scan.run()
    count = min(limit, 100)
    with Store(path, readonly=True) as store:
        assert sorted(store.finished(run.id)) == [place * 100 // count for place in range(count)]


@pytest.mark.parametrize("kept", [0, 1, 13, 100, 500])
def test_vectors_are_kept_evenly_within_the_budget(desk, path, kept):
    with desk.scan(vectors_budget=kept * VECTOR + VECTOR - 1) as scan:
        run = scan.run()
    count = min(kept, 100)
    with Store(path, readonly=True) as store:
        places = store.vectors(run.id, 0)[0].tolist()
    assert (len(places), run.vectors) == (count, count)
    gaps = [later - one for one, later in pairwise(places)]
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_another_budget_does_not_change_which_vectors_a_run_keeps(desk, path):
    with pytest.raises(Cancelled), desk.scan(vectors_budget=10 * VECTOR) as scan:
        scan.run(after(4))
    with desk.scan(vectors_budget=0) as scan:
        run = scan.run()
    with Store(path, readonly=True) as store:
        assert store.vectors(run.id, 0)[0].tolist() == list(range(0, 100, 10))


@pytest.mark.slow
@pytest.mark.skipif(not STATM.exists(), reason="how much memory is used is not told here")
def test_memory_stays_flat_over_a_hundred_thousand_questions(tmp_path, path):
    count = 100_000
    used: dict[int, int] = {}
    some = [made_scanned(place, right=place > 0) for place in range(64)]

    def tell(now: ScanProgress) -> None:
        if now.stage == "scanning":
            used[now.done] = int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    class Quick(MadeScanner):
        def _one(self, place: int) -> Scanned:
            found = replace(some[place % 64], place=place, sample_id=f"q{place}")
            return found if self._vectors(place) else replace(found, vector=None)

    scan = Scan(
        made_model(tmp_path / "model"),
        made_dataset(tmp_path / "data.json", count),
        ScanRequest(vectors_budget=1000 * VECTOR),
        path=path,
        make_scanner=partial(Quick, size=250),
    )
    with scan:
        assert scan.run(progress=tell).done == count
    assert used[count] - used[20_000] < 8_000_000


# -- several processes -----------------------------------------------------------------------------


def begin(path: Path, folder: Path, name: str, count: int, pause: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.unit.scans.at_work"]
    arguments = [str(path), str(folder), name, str(count), str(pause)]
    return subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def lines(process: subprocess.Popen[str]) -> Iterator[int]:
    assert process.stdout is not None
    yield from (int(line) for line in process.stdout)


def test_two_processes_write_at_once_and_a_third_reads_meanwhile(path, tmp_path):
    both = [begin(path, tmp_path, name, 400, 0.01) for name in ("one", "two")]
    seen: list[int] = []
    next(lines(both[0]))
    while any(process.poll() is None for process in both):
        with Store(path, readonly=True) as store:
            for run in store.runs():
                columns = store.columns(run.id)
                assert len(columns.places) % 8 == 0, "half a batch was seen"
                assert [row.scanned.place for row in store.rows(run.id)][: run.done] == list(
                    range(run.done)
                )
                seen.append(len(columns.places))
    assert [process.wait() for process in both] == [0, 0]
    assert len({count for count in seen if 0 < count < 400}) > 3, "nothing was read meanwhile"
    with Store(path, readonly=True) as store:
        assert {run.name: (run.state, run.done) for run in store.runs()} == {
            "one": ("done", 400),
            "two": ("done", 400),
        }
    one, two = ([row[2:] for row in dump(path) if row[0] == name] for name in ("one", "two"))
    assert len(one) == len(two) == 400


def test_a_scan_killed_ten_times_ends_with_the_store_of_an_unbroken_one(path, tmp_path):
    whole = tmp_path / "whole.sqlite"
    process = begin(whole, tmp_path, "run", 800, 0)
    assert process.communicate()[0]
    assert process.returncode == 0
    draw, killed, done = random.Random(0), 0, -1
    while True:
        process = begin(path, tmp_path, "run", 800, 0.003)
        stop_after = draw.randrange(1, 9)
        for number, now in enumerate(lines(process)):
            assert number or now >= done, "a finished sample was lost"
            done = max(done, now)
            if killed < 10 and number == stop_after:
                time.sleep(draw.random() / 100)  # anywhere between two words of it
                os.kill(process.pid, signal.SIGKILL)
                break
        process.stdout.close()
        if process.wait() == 0:
            break
        killed += 1
        assert not is_running("run", path)
    assert killed == 10
    assert dump(path) == dump(whole)
    with Store(path, readonly=True) as store:
        run = store.run("run")
    assert (run.state, run.done, run.classified) == ("done", 800, True)
    assert run.resumed_from > 0


def test_a_run_removed_by_hand_while_a_scan_is_at_it_is_told(path):
    with Store(path) as store:
        run = store.create(made_spec())
        with Store(path) as other:
            other._database.execute("DELETE FROM run")
        with pytest.raises(InputError, match="was removed"):
            store.add(run.id, made_rows([0]), seconds=1, tokens=1)

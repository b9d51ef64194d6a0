"""What is open is not searched for garbage again and again, and is freed when it is closed."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from bertscope_tui.engine.jobs import Event, JobEnded
from bertscope_tui.inspection.service import InspectionService, LoadOptions
from tests.tiny_models import tiny_folder
from tests.tui.support import write_jsonl

PATIENCE_S = 60.0


class Desk:
    """A service whose jobs can be waited for."""

    def __init__(self) -> None:
        self._ended: list[JobEnded] = []
        self._changed = threading.Condition()
        self.service = InspectionService(self._post, load_options=LoadOptions(device="cpu"))

    def _post(self, event: Event) -> None:
        if isinstance(event, JobEnded):
            with self._changed:
                self._ended.append(event)
                self._changed.notify_all()

    def wait(self, job) -> None:
        def ended() -> bool:
            return any(one.job == job.id for one in self._ended)

        with self._changed:
            assert self._changed.wait_for(ended, PATIENCE_S)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    assert desk.service.close(PATIENCE_S)
    gc.unfreeze()


def searched(thing: object) -> bool:
    """Say whether the next search for garbage would look at a thing."""
    return any(one is thing for one in gc.get_objects())


def test_an_open_model_is_left_out_of_the_search(desk: Desk) -> None:
    desk.wait(desk.service.open_model(str(tiny_folder("bert"))))
    network = desk.service._model.network
    assert gc.is_tracked(network)
    assert not searched(network)


def test_an_open_data_set_is_left_out_of_the_search(desk: Desk, tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path, [{"question": "Who?", "context": "Mary did.", "answers": ["Mary"]}]
    )
    mark: list[object] = [[]]
    assert searched(mark)
    desk.wait(desk.service.open_dataset(path))
    assert not searched(mark)


def test_a_network_that_refers_to_itself_is_freed_when_another_is_opened(desk: Desk) -> None:
    desk.wait(desk.service.open_model(str(tiny_folder("bert"))))
    held = weakref.ref(desk.service._model.network)
    held().itself = [held()]
    desk.wait(desk.service.open_model(str(tiny_folder("gpt2"))))
    assert held() is None

"""Generate the bundled examples for probing, one file a task, all in a wording of our own.

    python sample_data/build/probing.py --out sample_data/probing

Named entities, coreference, relations and question types come from frames with gaps
(``probing_entities`` and its neighbours); supporting facts from stories that are none of those
that the bundled model was trained on (``stories.py``, its test part, another seed).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import stories
from probing_coreference import coreference
from probing_entities import entities
from probing_frames import Made
from probing_questions import questions
from probing_relations import relations

from bertscope_tui.data.probing.collecting import SPANS, labels_of
from bertscope_tui.data.probing.open import open_probe_data
from bertscope_tui.data.probing.records import PROBE_TASKS, ProbeData, ProbeExample, ProbeTask
from bertscope_tui.data.probing.writing import write_probe_data
from bertscope_tui.data.records import Origin

DEFAULT_SEED = 41
STORY_QUESTIONS = 12


def made(task: ProbeTask, seed: int = DEFAULT_SEED) -> ProbeData:
    """Return the examples of a task, the same ones for the same seed."""
    if task == "nel":
        return _data(task, entities(seed, 3, 4))
    if task == "coref":
        return _data(task, coreference(seed, 5, 6))
    if task == "rel":
        return _data(task, relations(seed, 4))
    if task == "ques":
        return _data(task, questions(seed, 6))
    with tempfile.TemporaryDirectory() as folder:
        stories.write(Path(folder), "test", STORY_QUESTIONS, seed)
        data = open_probe_data(folder, task, seed=seed)
    examples = [
        replace(one, id=f"sup:{number}", document=one.document.replace("_test", ""))
        for number, one in enumerate(data.examples, start=1)
    ]
    return replace(data, examples=tuple(examples))


def _data(task: ProbeTask, texts: Iterable[Made]) -> ProbeData:
    """Put generated texts together; the frame is the document, equal texts are kept once."""
    frames: dict[str, int] = {}
    examples: dict[str, ProbeExample] = {}
    for one in texts:
        frame = frames.setdefault(one.frame, len(frames) + 1)
        number = len(examples) + 1
        examples.setdefault(
            one.text,
            ProbeExample(
                id=f"{task}:{number}",
                text=one.text,
                targets=one.targets,
                document=f"frame{frame}",
                origin=Origin("generated", str(number)),
                split=one.split,
            ),
        )
    kept = tuple(examples.values())
    return ProbeData(task, task, "generated", SPANS[task], labels_of(kept), kept)


def main() -> None:
    """Write the files as the arguments say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for task in PROBE_TASKS:
        path = options.out / f"{task}.jsonl"
        write_probe_data(made(task, options.seed), path)
        print(path)


if __name__ == "__main__":
    main()

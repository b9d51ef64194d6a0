"""Generate question-answering stories in the bAbI format, in a wording and a world of our own.

A story is a handful of statements about a harbour village with questions between or after them.
Every question carries its answer and the numbers of the lines that prove it. The format is that
of bAbI v1.2: ``ID text`` for a statement, ``ID question<TAB>answer<TAB>supporting IDs`` for a
question, IDs starting again at 1 with each story and counting question lines too. What the stories
tell is in ``story_moves``, ``story_things`` and ``story_relations``, the register of them in
``story_tasks``.

Training and test stories are apart by construction: the first two statements of a story decide by
their hash to which of the two it belongs, whatever the seed. No question comes before the third
line, so no context of a test question ever occurs in training.

Run as a program to write ``qaN_name_train.txt`` or ``qaN_name_test.txt`` files::

    python sample_data/build/stories.py --split test --out sample_data/stories
    python sample_data/build/stories.py --split train --questions 5000 --share --out FOLDER

Each task gets the same number of questions. With ``--share`` the tasks where more has to be put
together get two or three times what an easy one gets (``Task.share``), of the same total.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from story_tasks import TASKS, Split, Task
from story_world import Question, Story

DEFAULT_SEED = 33
BUNDLED_QUESTIONS = 27
"""At least so many questions of each task are in the bundled test files."""


def split_of(story: Story) -> Split:
    """Say where a story belongs: a tenth of all beginnings (two statements) is for the test."""
    beginning = "\n".join(story.statements[:2]).encode()
    return "test" if hashlib.sha256(beginning).digest()[0] < 26 else "train"


def stories(task: Task, split: Split, seed: int = DEFAULT_SEED) -> Iterator[Story]:
    """Yield distinct stories of a task and split without end, the same ones for the same seed."""
    rng = random.Random(f"{seed} {task.number} {split}")
    seen: set[tuple[str | Question, ...]] = set()
    while True:
        story = task.build(rng)
        if split_of(story) == split and story.items not in seen:
            seen.add(story.items)
            yield story


def take(task: Task, split: Split, questions: int, seed: int = DEFAULT_SEED) -> Iterator[Story]:
    """Yield whole stories until at least this many questions have been asked."""
    asked = 0
    for story in stories(task, split, seed):
        yield story
        asked += len(story.questions)
        if asked >= questions:
            return


def lines_of(story: Story) -> list[str]:
    """Return the lines of a story as they stand in a file, without line ends."""
    lines: list[str] = []
    ids: list[int] = []
    for number, item in enumerate(story.items, start=1):
        if isinstance(item, str):
            ids.append(number)
            lines.append(f"{number} {item}")
        else:
            support = " ".join(str(ids[position]) for position in item.support)
            lines.append(f"{number} {item.text}\t{item.answer}\t{support}")
    return lines


def counts(questions: int, tasks: Sequence[Task], *, share: bool) -> list[int]:
    """Return how many questions each task gets, ``questions`` on average.

    All get the same number or, with ``share``, one in proportion to ``Task.share`` (rounded up).
    """
    if not share:
        return [questions] * len(tasks)
    total, parts = questions * len(tasks), sum(task.share for task in tasks)
    return [-(-total * task.share // parts) for task in tasks]


def write(
    folder: Path,
    split: Split,
    questions: int,
    seed: int = DEFAULT_SEED,
    tasks: Sequence[Task] = TASKS,
    *,
    share: bool = False,
) -> list[Path]:
    """Write one file per task and return the paths.

    Each holds at least ``questions`` questions, or its part of as many on average (``share``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for task, count in zip(tasks, counts(questions, tasks, share=share), strict=True):
        path = folder / task.file_name(split)
        told = [line for story in take(task, split, count, seed) for line in lines_of(story)]
        path.write_text("\n".join(told) + "\n", encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


def main() -> None:
    """Write story files as the arguments say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument(
        "--questions", type=int, help="at least so many per task (on average, with --share)"
    )
    parser.add_argument("--share", action="store_true", help="give the harder tasks more of them")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--task", type=int, nargs="*", help="bAbI numbers; all when left out")
    arguments = parser.parse_args()
    tasks = [task for task in TASKS if not arguments.task or task.number in arguments.task]
    usual = BUNDLED_QUESTIONS if arguments.split == "test" else 1000
    count = usual if arguments.questions is None else arguments.questions
    paths = write(
        arguments.out, arguments.split, count, arguments.seed, tasks, share=arguments.share
    )
    for path in paths:
        print(path)


if __name__ == "__main__":
    main()

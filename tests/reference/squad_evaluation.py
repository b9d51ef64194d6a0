"""Whole files scored the way the official SQuAD scripts do, from the raw JSON.

``evaluate-v1.1.py`` (Rajpurkar et al. 2016): a question without a prediction scores 0, the sums are
divided by the number of questions. ``evaluate-v2.0.py`` (2018): the gold answers of an unanswerable
question, and of one whose answers have no word left, are the empty text alone. The package has no
part in this, also not in reading the files.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.reference.squad_scores import reference_exact_match, reference_f1


@dataclass(frozen=True)
class FileScores:
    count: int
    exact_match: float
    f1: float


def squad_file_scores(dataset: Path, predictions: Path, only: set[str] | None = None) -> FileScores:
    """Score a predictions file against a data set file; ``only`` keeps the questions of a limit."""
    answered = json.loads(predictions.read_text("utf-8"))
    golds: dict[str, list[str]] = {}
    for article in json.loads(dataset.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                golds[question["id"]] = [answer["text"] for answer in question["answers"]]
    return _scores({k: v for k, v in golds.items() if only is None or k in only}, answered)


def babi_file_scores(files: list[Path], predictions: Path) -> dict[str, FileScores]:
    """Score predictions for bAbI files by task number, and under ``""`` all of them together.

    A question's id is the file's name, the story's place in it and the question's in the story.
    """
    answered = json.loads(predictions.read_text("utf-8"))
    golds: dict[str, list[str]] = {}
    tasks: dict[str, set[str]] = {}
    for path in files:
        story = question = 0
        for line in path.read_text("utf-8").splitlines():
            number, _, rest = line.partition(" ")
            if number == "1":
                story, question = story + 1, 0
            if "\t" in rest:
                question += 1
                name = f"{path.stem}:story{story}:q{question}"
                golds[name] = [rest.split("\t")[1].strip()]
                found = re.match(r"qa(\d+)", path.name)
                tasks.setdefault(found[1] if found else "", set()).add(name)
    made = {task: _scores({k: golds[k] for k in names}, answered) for task, names in tasks.items()}
    return {**made, "": _scores(golds, answered)}


def _scores(golds: dict[str, list[str]], answered: dict[str, str]) -> FileScores:
    exact = f1 = 0.0
    for name, texts in golds.items():
        if name in answered:
            exact += reference_exact_match(answered[name], texts)
            f1 += reference_f1(answered[name], texts)
    return FileScores(len(golds), exact / len(golds), f1 / len(golds))

"""Supporting facts from question-answering data (van Aken et al. 2019, section 3.2).

The network reads question and context; the two spans are the question and one sentence of the
context, and the label says whether the sentence is a supporting fact. SQuAD, HotpotQA and bAbI make
one task each. Questions without a supporting fact and contexts of a single sentence are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bertscope_tui.data.babi import split_of
from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.probing.records import ProbeData, ProbeExample, ProbeSplit, ProbeTarget
from bertscope_tui.data.records import Dataset, QASample, Span

FACT, NO_FACT = "true", "false"
_SPLITS: dict[str, ProbeSplit] = {"train": "train", "valid": "dev", "test": "test"}


def open_facts(
    path: Path,
    format_name: str,
    split: ProbeSplit | None,
    *,
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ProbeData:
    """Return the supporting-facts task of a question-answering data set; errors as it raises.

    bAbI contexts are read without the list of possible answers, HotpotQA contexts with their
    distracting paragraphs and without the yes/no questions.
    """
    variant = "classification" if format_name == "babi" else None
    dataset = open_dataset(path, variant=variant, progress=progress, cancelled=cancelled)
    return facts_of(dataset, split)


def facts_of(dataset: Dataset, split: ProbeSplit | None = None) -> ProbeData:
    """Turn a data set of questions into supporting-facts examples.

    ``split`` is that of all of it; in bAbI the file names tell it. Texts that must stay together
    are those of one SQuAD article, one bAbI story, one context of JSON lines.
    """
    examples: list[ProbeExample] = []
    left_out = dataset.left_out
    for sample in dataset.samples:
        if len(sample.sentences) < 2 or not sample.supporting:
            left_out += 1
            continue
        own = split
        if dataset.format == "babi":
            own = _SPLITS.get(split_of(Path(sample.origin.path)) or "", split)
        examples.append(replace(example_of(sample), document=_document(dataset, sample), split=own))
    return ProbeData(
        task="sup",
        name=dataset.name,
        path=dataset.path,
        spans=2,
        labels=tuple(
            sorted({label for one in examples for t in one.targets for label in t.labels})
        ),
        examples=tuple(examples),
        problems=dataset.problems,
        skipped=dataset.skipped,
        left_out=left_out,
    )


def example_of(sample: QASample) -> ProbeExample:
    """Return question and context, joined by a blank, with every sentence of the context labelled.

    ``pair`` is where the context begins; the blank before it belongs to neither text.
    """
    asked = sample.question.strip()
    begin = len(asked) + 1
    question = Span(0, len(asked))
    facts = set(sample.supporting)
    return ProbeExample(
        id=sample.id,
        text=f"{asked} {sample.context}",
        targets=tuple(
            ProbeTarget(
                (question, Span(begin + one.start, begin + one.end)),
                (FACT if one in facts else NO_FACT,),
            )
            for one in sample.sentences
        ),
        document=sample.group or sample.id,
        origin=sample.origin,
        pair=begin,
    )


def _document(dataset: Dataset, sample: QASample) -> str:
    if dataset.format == "squad":
        return sample.group.partition(".")[0]
    return sample.group or sample.id

"""Read SQuAD v1.1 and v2.0 JSON (Rajpurkar et al. 2016, 2018), and sets in the same layout.

The supporting facts, which SQuAD does not mark, are the sentences that the first gold answer
touches (van Aken et al. 2019, section 3.1).
"""

from __future__ import annotations

from bertscope_tui.data.collecting import Collector
from bertscope_tui.data.fields import (
    FieldError,
    flag_of,
    id_of,
    integer_of,
    list_of,
    object_of,
    required,
    text_of,
)
from bertscope_tui.data.files import label
from bertscope_tui.data.locate import checked_answer
from bertscope_tui.data.records import Answer, Dataset, Origin, QASample, Span
from bertscope_tui.data.sentences import sentence_spans, touched
from bertscope_tui.errors import DataError


def read_squad(root: object, found: Collector) -> Dataset:
    """Turn a parsed SQuAD file into a data set; defects go to ``found``.

    Raises ``DataError`` where the file as a whole is not SQuAD or holds no usable question.
    """
    try:
        articles = list_of(required(object_of(root, "the file"), "data"), "data")
    except FieldError as error:
        raise DataError(f"{label(found.path)}: not SQuAD: {error}") from error
    for place, article in enumerate(articles):
        where = f"data[{place}]"
        try:
            paragraphs = list_of(
                required(object_of(article, "article"), "paragraphs"), "paragraphs"
            )
        except FieldError as error:
            found.skip(found.path, where, str(error))
            continue
        for index, paragraph in enumerate(paragraphs):
            _read_paragraph(paragraph, f"{where}.paragraphs[{index}]", found)
    return found.finish("squad", None)


def _read_paragraph(value: object, where: str, found: Collector) -> None:
    questions: list[object] = []
    notes: list[str] = []
    try:
        paragraph = object_of(value, "paragraph")
        questions = list_of(required(paragraph, "qas"), "qas")
        context = text_of(required(paragraph, "context"), "context", notes)
    except FieldError as error:
        found.skip(found.path, where, str(error), count=max(1, len(questions)))
        return
    for note in notes:
        found.note(found.path, where, note)
    sentences = sentence_spans(context)
    for index, question in enumerate(questions):
        found.step()
        origin = Origin(str(found.path), f"{where}.qas[{index}]")
        mended: list[str] = []
        try:
            sample = _sample(question, context, sentences, origin, where, mended)
        except FieldError as error:
            found.skip(found.path, origin.record, str(error))
        else:
            found.add(sample, mended)


def _sample(
    value: object,
    context: str,
    sentences: tuple[Span, ...],
    origin: Origin,
    group: str,
    notes: list[str],
) -> QASample:
    record = object_of(value, "question")
    sample_id = id_of(required(record, "id"), "id", notes)
    question = text_of(required(record, "question"), "question", notes)
    impossible = flag_of(record.get("is_impossible", False), "is_impossible")
    listed = (
        list_of(record.get("answers", []), "answers")
        if impossible
        else list_of(required(record, "answers"), "answers")
    )
    if impossible and listed:
        notes.append("answers: passed over because is_impossible is true")
    elif not impossible and not listed:
        if "is_impossible" not in record:
            raise FieldError("answers: empty")
        notes.append("answers: empty although is_impossible is false; taken as unanswerable")
        impossible = True
    answers = () if impossible else _answers(listed, context, notes)
    span = answers[0].span if answers else None
    return QASample(
        id=sample_id,
        question=question,
        context=context,
        answers=answers,
        sentences=sentences,
        supporting=() if span is None else touched(sentences, span),
        origin=origin,
        impossible=impossible,
        group=group,
    )


def _answers(listed: list[object], context: str, notes: list[str]) -> tuple[Answer, ...]:
    """Return the gold answers in file order, each once, with their spans verified."""
    answers: list[Answer] = []
    for place, value in enumerate(listed):
        name = f"answers[{place}]"
        entry = object_of(value, name)
        text = text_of(required(entry, "text", f"{name}."), f"{name}.text", notes)
        field = f"{name}.answer_start"
        start = integer_of(required(entry, "answer_start", f"{name}."), field)
        answer = checked_answer(context, text, start, field, notes)
        if answer not in answers:
            answers.append(answer)
    return tuple(answers)

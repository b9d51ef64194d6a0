"""Labelled spans from the public formats: offsets, labels, splits, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.files import UNDECODABLE
from bertscope_tui.data.probing.open import bundled_probe_data, open_probe_data
from bertscope_tui.data.probing.records import PROBE_TASKS, ProbeData, ProbeExample, ProbeTarget
from bertscope_tui.data.probing.writing import write_probe_data
from bertscope_tui.data.records import Origin, Span
from bertscope_tui.errors import DataError
from tests.shared_files import shared


def _file(tmp_path: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def _texts(data: ProbeData) -> list[tuple[list[str], tuple[str, ...]]]:
    """Return for each target what its spans cover, and its labels."""
    return [
        ([span.of(example.text) for span in target.spans], target.labels)
        for example in data.examples
        for target in example.targets
    ]


def test_edge_probing_lines_are_read_as_they_are(tmp_path):
    record = {
        "text": "Otto met Nora  in Kiel .",
        "targets": [{"span1": [0, 1], "label": "PERSON"}, {"span1": [4, 5], "label": "GPE"}],
        "info": {"document_id": "d1"},
    }
    data = open_probe_data(_file(tmp_path, "x.jsonl", json.dumps(record) + "\n"), "nel")
    assert _texts(data) == [(["Otto"], ("PERSON",)), (["Kiel"], ("GPE",))]
    assert data.spans == 1


def test_edge_probing_pairs_have_two_spans(tmp_path):
    record = {
        "text": "The vase that Otto broke",
        "targets": [{"span1": [0, 2], "span2": [3, 4], "label": ["Product-Producer(e1,e2)"]}],
    }
    data = open_probe_data(_file(tmp_path, "x.jsonl", json.dumps(record) + "\n"), "rel")
    assert _texts(data) == [(["The vase", "Otto"], ("Product-Producer(e1,e2)",))]


def test_questions_of_trec_are_latin_1_and_have_coarse_and_fine_labels(tmp_path):
    lines = "HUM:ind Who was Andr\xe9 ?\nLOC:city Where is Kiel ?\nNUM:date When ?\n"
    path = _file(tmp_path, "train.label", lines, "latin-1")
    coarse, fine = open_probe_data(path), open_probe_data(path, fine=True)
    assert coarse.task == "ques"
    assert coarse.labels == ("HUM", "LOC", "NUM")
    assert fine.labels == ("HUM:ind", "LOC:city", "NUM:date")
    assert coarse.examples[0].text == "Who was Andr\xe9 ?"
    assert _texts(coarse)[0] == (["Who was Andr\xe9 ?"], ("HUM",))


def test_relations_of_semeval_have_a_direction_and_marks_taken_out(tmp_path):
    lines = (
        '1\t"The <e1>fire</e1> was caused by a<e2>spark</e2>."\r\n'
        'Cause-Effect(e2,e1)\r\nComment: "quoted"\r\n\r\n'
        '2\t"A <e1>cat</e1> and a <e2>hat</e2>."\r\nOther\r\nComment:\r\n\r\n'
    )
    data = open_probe_data(_file(tmp_path, "TRAIN_FILE.TXT", lines))
    assert [example.text for example in data.examples] == [
        "The fire was caused by aspark.", "A cat and a hat."
    ]  # fmt: skip
    assert _texts(data) == [
        (["fire", "spark"], ("Cause-Effect(e2,e1)",)),
        (["cat", "hat"], ("Other",)),
    ]


def test_bio_columns_give_entities_of_several_tokens(tmp_path):
    lines = "Otto\tB-person\nKlein\tI-person\nsaw\tO\nNew\tB-city\nYork\tI-city\n\nRain\tO\n\t\n"
    data = open_probe_data(_file(tmp_path, "train.txt", lines))
    assert _texts(data) == [(["Otto Klein"], ("person",)), (["New York"], ("city",))]
    assert data.examples[0].text == "Otto Klein saw New York"


ONTONOTES = """\
#begin document (bc/a/00); part 000
bc/a/00 0 0 Otto NNP (TOP(S(NP*) - - - - (PERSON) * (1)
bc/a/00 0 1 praised VBD (VP* praise 01 1 - * (V*) -
bc/a/00 0 2 his PRP$ (NP* - - - - * (ARG1* (2|(1)
bc/a/00 0 3 dog NN *))) - - - - * *) 2)

bc/a/00 0 0 It PRP (TOP(S(NP*) - - - - * * (2)
bc/a/00 0 1 left VBD (VP*)) leave 01 1 - * (V*) -

#end document
"""


def test_columns_of_conll_2012_give_entities(tmp_path):
    data = open_probe_data(_file(tmp_path, "a.v4_gold_conll", ONTONOTES), "nel")
    assert _texts(data) == [(["Otto"], ("PERSON",))]


def test_columns_of_conll_2012_give_pairs_of_mentions(tmp_path):
    data = open_probe_data(_file(tmp_path, "a.v4_gold_conll", ONTONOTES), "coref", negatives=None)
    pairs = _texts(data)
    assert (["Otto", "his"], ("true",)) in pairs
    assert all(len(spans) == 2 for spans, _ in pairs)
    assert {label for _, labels in pairs for label in labels} <= {"true", "false"}
    assert (["Otto", "his dog"], ("false",)) in pairs


def test_supporting_facts_come_from_questions_and_their_contexts():
    from bertscope_tui.paths import resources

    data = open_probe_data(resources("sample_data") / "stories")
    assert data.task == "sup"
    for example in data.examples:
        assert example.pair is not None
        for target in example.targets:
            question, sentence = target.spans
            assert question.end <= example.pair <= sentence.start
        facts = {target.labels for target in example.targets}
        assert ("true",) in facts
        assert facts <= {("true",), ("false",)}


def test_no_document_is_on_two_sides_of_a_split():
    for task in PROBE_TASKS:
        sides: dict[str, set[str | None]] = {}
        for example in open_probe_data(bundled_probe_data(task)).examples:
            sides.setdefault(example.document, set()).add(example.split)
        assert all(len(splits) == 1 for splits in sides.values())
        assert {"train", "dev", "test"} == set().union(*sides.values())


@pytest.mark.parametrize("task", PROBE_TASKS)
def test_bundled_examples_are_whole_and_every_label_can_be_learnt(task):
    data = open_probe_data(bundled_probe_data(task))
    assert data.task == task
    assert len(data.examples) >= 150
    assert not data.problems
    learnt = {
        label
        for example in data.examples
        if example.split == "train"
        for target in example.targets
        for label in target.labels
    }
    assert learnt == set(data.labels)


def test_a_file_that_is_no_probing_data_is_refused_in_one_line(tmp_path):
    with pytest.raises(DataError) as error:
        open_probe_data(_file(tmp_path, "x.txt", "just some words\nand more\n"))
    assert "\n" not in str(error.value)


@st.composite
def _examples(draw) -> tuple[ProbeExample, ...]:
    written = st.text(min_size=2, max_size=30).filter(lambda text: text.strip())
    texts = draw(st.lists(written.filter(lambda text: UNDECODABLE not in text), min_size=1))
    found = []
    for place, text in enumerate(texts):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        label = draw(st.sampled_from(["person", "city", "a b"]))
        target = ProbeTarget((Span(start, end),), (label,))
        split = draw(st.sampled_from(["train", "dev", "test"]))
        origin = Origin("", "")
        found.append(ProbeExample(f"e{place}", text, (target,), f"d{place}", origin, None, split))
    return tuple(found)


@settings(max_examples=60, deadline=None)
@given(_examples())
def test_what_is_written_reads_back_with_every_offset(tmp_path_factory, examples):
    labels = tuple(sorted({label for one in examples for t in one.targets for label in t.labels}))
    path = tmp_path_factory.mktemp("probing") / "x.jsonl"
    write_probe_data(ProbeData("nel", "x", "x", 1, labels, examples), path)
    read = open_probe_data(path, divide=False)
    assert [(one.text, one.targets, one.document, one.split) for one in read.examples] == [
        (one.text, one.targets, one.document, one.split) for one in examples
    ]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "task", "spans", "labels", "examples"),
    [
        ("trec/train_5500.label", None, 1, 6, 5452),
        ("semeval2010_task8/TRAIN_FILE.TXT", None, 2, 19, 8000),
        ("crossner/ai", None, 1, 14, 450),
        ("wnut17/wnut17train.conll", None, 1, 6, 1228),
        ("litbank/entities/tsv", None, 1, 6, 2175),
        ("litbank/coref/conll", "coref", 2, 2, 596),
        ("gum/coref/ontogum/conll", "coref", 2, 2, 1857),
        ("gum/coref/gum/conll", "nel", 1, 10, 3584),
        ("gap/gap-development.tsv", None, 2, 2, 2000),
        ("hotpotqa/hotpot_dev_distractor_v1.json", None, 2, 2, 332),
    ],
)
def test_real_files_are_read_with_spans_inside_their_texts(name, task, spans, labels, examples):
    data = open_probe_data(shared(f"data/{name}"), task)
    assert (data.spans, len(data.labels), len(data.examples)) == (spans, labels, examples)
    assert data.skipped == 0
    for example in data.examples:
        for target in example.targets:
            assert len(target.spans) == spans
            for span in target.spans:
                assert 0 <= span.start < span.end <= len(example.text)
                assert span.of(example.text).strip()

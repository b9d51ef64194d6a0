"""Formats of one record a line or several: jiant, TREC, SemEval, GAP, questions; and folders."""

from __future__ import annotations

import gzip
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.probing.open import bundled_probe_data, open_probe_data
from bertscope_tui.data.probing.semeval import unmarked
from bertscope_tui.data.probing.writing import write_probe_data
from bertscope_tui.errors import Cancelled, DataError, DiskError
from tests.unit.data.probing_files import covered, written


def _lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def _jiant(text, *targets, **info):
    return {"text": text, "targets": [dict(one) for one in targets], "info": info}


_ONE = {"span1": [0, 1], "label": "x"}


def test_tokens_of_edge_probing_end_at_any_white_space(tmp_path):
    record = _jiant("a\u00a0 bc\tÉmile 😀x ", {"span1": [1, 4], "label": "x"})
    data = open_probe_data(written(tmp_path, "a.json", _lines(record)), "nel", divide=False)
    assert covered(data) == [(["bc\tÉmile 😀x"], ("x",))]


def test_labels_of_edge_probing_are_one_several_none_or_a_number(tmp_path):
    targets = [{"span1": [0, 1], "label": label} for label in ("a", ["b", "c", "b"], 1, [])]
    path = written(tmp_path, "a.json", _lines(_jiant("t", *targets)))
    data = open_probe_data(path, "nel", divide=False)
    assert [labels for _, labels in covered(data)] == [("a",), ("b", "c"), ("1",), ()]
    assert data.labels == ("1", "a", "b", "c")


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ({"span1": [0, 4], "label": "x"}, "targets[1].span1: [0, 4] is no span"),
        ({"span1": [1, 1], "label": "x"}, "targets[1].span1: [1, 1] is no span"),
        ({"span1": [-1, 1], "label": "x"}, "targets[1].span1: [-1, 1] is no span"),
        ({"span1": [0], "label": "x"}, "targets[1].span1: 1 numbers"),
        ({"span1": [0, 1]}, "targets[1].label: missing"),
        ({"span1": [0, 1], "label": " "}, "targets[1].label: empty"),
        ({"span1": [0, 1], "span2": [1, 2], "label": "x"}, "targets[1].span2: a task of one span"),
        ("x", "targets[1]: a text where an object was expected"),
    ],
)
def test_a_target_that_cannot_be_used_is_listed_and_the_others_stay(tmp_path, target, what):
    record = {"text": "a b c", "targets": [_ONE, target]}
    data = open_probe_data(written(tmp_path, "a.json", _lines(record)), "nel", divide=False)
    assert covered(data) == [(["a"], ("x",))]
    assert (data.skipped, len(data.problems)) == (0, 1)
    assert data.problems[0].where == "a.json: line 1"
    assert data.problems[0].what.startswith(what)


def test_lines_that_cannot_be_used_are_skipped_and_lines_without_targets_left_out(tmp_path):
    text = _lines(_jiant("a b", _ONE), _jiant("a"), {"text": 1, "targets": []}) + "{\n[]\n"
    data = open_probe_data(written(tmp_path, "a.json", text), "nel", divide=False)
    assert (len(data.examples), data.skipped, data.left_out) == (1, 3, 1)
    assert [one.where for one in data.problems] == [f"a.json: line {n}" for n in (3, 4, 5)]


@pytest.mark.parametrize(
    ("path", "info", "target", "task"),
    [
        ("edges/ontonotes/ner/train.json", {}, _ONE, "nel"),
        ("coref/train.json", {}, _ONE | {"span2": [1, 2]}, "coref"),
        ("x.json", {"source": "SemEval2010_Task8"}, _ONE | {"span2": [1, 2]}, "rel"),
        ("x.json", {"doc_id": "squad_sup_facts"}, _ONE | {"span2": [1, 2]}, "sup"),
        ("x.json", {"doc_id": "trec_question_type"}, _ONE, "ques"),
    ],
)
def test_the_task_of_edge_probing_is_guessed_from_what_is_said(tmp_path, path, info, target, task):
    record = _jiant("a b c", target, **info)
    assert open_probe_data(written(tmp_path, path, _lines(record)), divide=False).task == task


def test_a_task_that_cannot_be_guessed_is_asked_for(tmp_path):
    path = written(tmp_path, "innerness.json", _lines(_jiant("a b", _ONE)))
    with pytest.raises(DataError, match="say which"):
        open_probe_data(path)


def test_a_folder_of_edge_probing_has_its_splits_and_no_word_piece_copies(tmp_path):
    for name in ("train", "development", "test"):
        text = _lines(*(_jiant(f"{name} {n}", _ONE, document_id=f"{name}/{n}") for n in range(5)))
        written(tmp_path, f"ner/{name}.json", text)
        written(tmp_path, f"ner/{name}.json.retokenized.bert-base-uncased", text)
    data = open_probe_data(tmp_path / "ner")
    assert [one.split for one in data.examples] == ["dev"] * 5 + ["test"] * 5 + ["train"] * 5
    assert data.examples[0].document == "development/0"


def test_questions_asked_twice_share_a_document_and_two_types_are_listed(tmp_path):
    text = "HUM:ind Who is X ?\nLOC:city Where ?\nHUM:gr who is X ?\nno label here\n" + "".join(
        f"NUM:date When {n} ?\n" for n in range(80)
    )
    data = open_probe_data(written(tmp_path, "x.label", text), fine=True)
    first, third = data.examples[0], data.examples[2]
    assert first.document == third.document
    assert [one.what for one in data.problems] == [
        "question: HUM:gr here, but HUM:ind in line 1",
        "no 'COARSE:fine question': 'no label here'",
    ]


def test_a_trec_file_in_utf_8_is_read_as_such(tmp_path):
    path = written(tmp_path, "x.label", "\ufeffLOC:city Où est Zürich ?\r\nHUM:ind Who ?\r\n")
    data = open_probe_data(path, divide=False)
    assert data.examples[0].text == "Où est Zürich ?"


def test_fine_labels_are_refused_where_there_are_none(tmp_path):
    with pytest.raises(DataError, match="only TREC"):
        open_probe_data(bundled_probe_data("rel"), fine=True)


@pytest.mark.parametrize(
    ("quoted", "text", "spans"),
    [
        ('"A <e1>b</e1> c <e2>d</e2>."', "A b c d.", ["b", "d"]),
        ('"x<e2>y</e2> <e1>z</e1>"', "xy z", ["z", "y"]),
        ('""Hi," <e1>he</e1> told <e2> her </e2>""', '"Hi," he told  her "', ["he", "her"]),
        ('"<e1>é😀</e1> <e2>😀é</e2>"', "é😀 😀é", ["é😀", "😀é"]),
    ],
)
def test_marks_of_semeval_are_taken_out_and_their_places_kept(quoted, text, spans):
    assert unmarked(quoted)[0] == text
    assert [span.of(text) for span in unmarked(quoted)[1]] == spans


_plain = st.text(st.characters(exclude_characters="<>\ufdd0", codec="utf-8"), max_size=8)
_filled = _plain.filter(lambda text: text.strip() == text != "")


@settings(max_examples=100, deadline=None)
@given(_plain, _filled, _plain, _filled, _plain, st.booleans())
def test_any_two_marked_nominals_are_found_by_offset(before, one, between, other, after, turned):
    names = ("e2", "e1") if turned else ("e1", "e2")
    marked = (
        f"{before}<{names[0]}>{one}</{names[0]}>{between}<{names[1]}>{other}</{names[1]}>{after}"
    )
    text, spans = unmarked(f'"{marked}"')
    assert text == before + one + between + other + after
    first, second = reversed(spans) if turned else spans
    assert (first.start, first.of(text)) == (len(before), one)
    assert (second.start, second.of(text)) == (len(before + one + between), other)


def test_sentences_of_semeval_without_marks_or_relation_are_skipped(tmp_path):
    good = '1\t"The <e1>a</e1> of <e2>b</e2>."\r\nOther\r\nComment: x\r\n\r\n'
    bad = (
        '2\t"The <e1>a</e1> of b."\r\nOther\r\nComment:\r\n\r\n'
        '3\t"The <e1>a</e1> of <e2>b</e2>."\r\nComment:\r\n\r\n'
        '4\t"The <e1>a</e1> of <e2></e2>."\r\nOther\r\n\r\n'
        '5\t"<e1>a <e2>b</e2></e1>"\r\nOther\r\n'
        '6\t"<e1>a</e1> <e2>b</e2>"\r\nis part of\r\n'
    )
    data = open_probe_data(written(tmp_path, "x.txt", good + bad), divide=False)
    assert (len(data.examples), data.skipped) == (1, 5)
    assert [one.what for one in data.problems] == [
        "sentence 2: <e2>…</e2> is missing",
        "sentence 3: the line with the relation is missing",
        "sentence 4: <e2>…</e2> marks nothing",
        "sentence 5: <e1> and <e2> overlap",
        "sentence 6: 'is part of' is no relation",
    ]


GAP_HEAD = "ID\tText\tPronoun\tPronoun-offset\tA\tA-offset\tA-coref\tB\tB-offset\tB-coref\tURL\n"


def test_both_names_of_gap_are_paired_with_the_pronoun(tmp_path):
    row = "{}\tÉva met ``Kim'' and she left.\tshe\t20\tÉva\t0\tTRUE\tKim\t{}\tFALSE\thttp://w/E\n"
    text = GAP_HEAD + row.format("d-1", 10) + row.format("d-2", 11) + "d-3\tshort\n"
    data = open_probe_data(written(tmp_path, "gap-validation.tsv", text), divide=False)
    assert covered(data) == [(["she", "Éva"], ("true",)), (["she", "Kim"], ("false",))]
    assert (data.examples[0].document, data.examples[0].split) == ("http://w/E", "dev")
    assert [one.what for one in data.problems] == [
        "B-offset: 11 has 'im'' there, not 'Kim'",
        "2 columns where 11 were expected",
    ]


def test_facts_are_sentences_that_the_answer_touches_in_contexts_of_several(tmp_path):
    def question(number, text, start):
        return {
            "id": str(number),
            "question": " What naps? ",
            "answers": [{"text": text, "answer_start": start}],
        }

    context = "Kim has a dog.  The cat naps.\n"
    root = {
        "data": [
            {
                "title": "t",
                "paragraphs": [
                    {"context": context, "qas": [question(1, "cat", 20), question(2, "Kim", 0)]},
                    {"context": "Only one here.", "qas": [question(3, "one", 5)]},
                ],
            }
        ]
    }
    data = open_probe_data(written(tmp_path, "squad.json", json.dumps(root)), divide=False)
    assert data.task == "sup"
    assert data.left_out == 1
    assert covered(data) == [
        (["What naps?", "Kim has a dog."], ("false",)),
        (["What naps?", "The cat naps."], ("true",)),
        (["What naps?", "Kim has a dog."], ("true",)),
        (["What naps?", "The cat naps."], ("false",)),
    ]
    for one in data.examples:
        assert one.pair is not None
        assert one.text[: one.pair] == "What naps? "
        assert one.text[one.pair :] == context
        assert one.document == "data[0]"


def test_facts_of_stories_are_not_followed_by_the_list_of_answers(tmp_path):
    story = "1 Kim is in the hall.\n2 Lee took it.\n3 Where is Kim? \thall\t1\n"
    for name in ("qa1_one_train.txt", "qa1_one_test.txt"):
        written(tmp_path, f"en/{name}", story)
    data = open_probe_data(tmp_path / "en", divide=False)
    assert {one.text for one in data.examples} == {"Where is Kim? Kim is in the hall. Lee took it."}
    assert sorted(str(one.split) for one in data.examples) == ["test", "train"]


def test_packed_files_and_files_of_one_stem_are_read(tmp_path):
    text = "Oslo\tB-city\n\n"
    written(tmp_path, "a/x.txt", text)
    written(tmp_path, "a/x.conll", text.replace("Oslo", "Rome"))
    (tmp_path / "a" / "y.txt.gz").write_bytes(gzip.compress(text.replace("Oslo", "Bonn").encode()))
    data = open_probe_data(tmp_path / "a", divide=False)
    assert sorted(one.text for one in data.examples) == ["Bonn", "Oslo", "Rome"]
    assert not data.problems


def test_a_file_of_a_folder_that_cannot_be_read_is_listed(tmp_path):
    written(tmp_path, "x.txt", "Oslo\tB-city\n")
    written(tmp_path, "y.txt", "Rome\tB-city\n", "utf-16")
    data = open_probe_data(tmp_path)
    assert (len(data.examples), data.skipped) == (1, 1)
    assert (data.problems[0].where, "UTF-16" in data.problems[0].what) == ("y.txt", True)


def test_a_folder_of_several_formats_is_refused_with_their_names(tmp_path):
    written(tmp_path, "x.txt", "Oslo\tB-city\n")
    written(tmp_path, "y.label", "LOC:city Where ?\n")
    with pytest.raises(DataError, match=r"bio \(as x\.txt\), trec \(as y\.label\)"):
        open_probe_data(tmp_path)


@pytest.mark.parametrize("content", ["", "\n\n", "{}", "[]", "[1]", "words only\n", "\x00\x01"])
def test_what_holds_no_labelled_spans_is_refused_in_one_line(tmp_path, content):
    with pytest.raises(DataError) as error:
        open_probe_data(written(tmp_path, "x", content))
    assert "\n" not in str(error.value)


def test_names_that_could_steer_a_terminal_are_shown_harmless(tmp_path):
    text = "Oslo\tB-city\n\n" * 30 + "\x1b[2J\tB\x1b\n"
    data = open_probe_data(written(tmp_path, "x\x1b[31m.txt", text))
    shown = "".join(one.where + one.what for one in data.problems)
    assert "\x1b" not in shown


def test_reading_stops_when_it_is_asked_to_and_tells_how_far_it_is(tmp_path):
    path = written(tmp_path, "x.txt", "Oslo\tB-city\n\n" * 600)
    told: list[int] = []
    open_probe_data(path, progress=told.append)
    assert told == [0, 256, 512, 600]
    with pytest.raises(Cancelled):
        open_probe_data(path, cancelled=lambda: True)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"targets": []}, "targets: empty"),
        ({"split": "eval"}, "split: 'eval' where"),
        ({"pair": 99}, "pair: 99 lies outside"),
        ({"task": "rel"}, "task: 'rel' where nel was expected"),
        ({"text": " "}, "text: empty"),
        ({"id": "one"}, "id: 'one' was used before"),
        ({"targets": [{"spans": [[0, 9]], "labels": []}]}, "targets[0].spans[0]: '[0, 9]' is no"),
        ({"targets": [{"spans": [[0, 1]] * 2, "labels": []}]}, "targets[0].spans: 2 where 1"),
    ],
)
def test_a_written_line_that_was_damaged_is_skipped_with_the_reason(tmp_path, change, what):
    good = {"id": "one", "task": "nel", "text": "ab", "targets": [{"spans": [[0, 1]]}]}
    good["targets"][0]["labels"] = ["x"]
    path = written(tmp_path, "x.jsonl", _lines(good, good | {"id": "two"} | change))
    data = open_probe_data(path, divide=False)
    assert (len(data.examples), data.skipped) == (1, 1)
    assert data.problems[0].what.startswith(what)


def test_a_line_longer_than_the_beginning_of_a_file_is_read(tmp_path):
    text = "word " * 40_000
    record = {"id": "a", "task": "nel", "text": text}
    record["targets"] = [{"spans": [[199_995, 199_999]], "labels": ["x"]}]
    data = open_probe_data(written(tmp_path, "x.jsonl", _lines(record)), "nel", divide=False)
    assert covered(data) == [(["word"], ("x",))]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    data = open_probe_data(bundled_probe_data("rel"))
    with pytest.raises(DiskError, match=r"x\.jsonl"):
        write_probe_data(data, tmp_path / "x.jsonl")


def test_a_folder_that_is_not_there_is_named_when_writing(tmp_path):
    data = open_probe_data(bundled_probe_data("rel"))
    with pytest.raises(DiskError, match=r"x\.jsonl: cannot be written"):
        write_probe_data(data, tmp_path / "none" / "x.jsonl")

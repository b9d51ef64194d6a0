"""Real files, each read a second time in the plainest way there is, and compared."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from itertools import combinations

import pytest

from bertscope_tui.data.probing.open import open_probe_data
from tests.shared_files import shared
from tests.unit.data.probing_files import covered

pytestmark = pytest.mark.real


def _opened(name, task=None, **options):
    return open_probe_data(shared(f"data/{name}"), task, divide=False, **options)


def _sentences(path):
    """Yield the sentences of a column file as lists of TAB-separated columns."""
    rows = []
    for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
        if line.strip() and not line.startswith("#"):
            rows.append(line.split("\t"))
        elif rows:
            yield rows
            rows = []


def test_every_question_of_trec_is_there_in_latin_1():
    lines = shared("data/trec/train_5500.label").read_bytes().decode("latin-1").splitlines()
    raw = [tuple(line.split(" ", 1)) for line in lines]
    data = _opened("trec/train_5500.label", fine=True)
    assert [(one.targets[0].labels[0], one.text) for one in data.examples] == raw
    assert len(data.labels) == 50
    assert "sister\xf0city" in data.examples[65].text
    assert len({one.document for one in data.examples}) == len({text.lower() for _, text in raw})


def test_every_sentence_of_semeval_is_there_without_its_marks():
    text = shared("data/semeval2010_task8/TRAIN_FILE.TXT").read_text(encoding="utf-8")
    records = [record.split("\n") for record in text.strip().split("\n\n")]
    data = _opened("semeval2010_task8/TRAIN_FILE.TXT")
    assert len(records) == len(data.examples) == 8000
    for (sentence, label, *_), one in zip(records, data.examples, strict=True):
        quoted = sentence.split("\t", 1)[1]
        assert one.text == re.sub(r"</?e[12]>", "", quoted)[1:-1]
        marked = [re.search(rf"<{name}>(.*)</{name}>", quoted) for name in ("e1", "e2")]
        assert covered_by(one) == [match[1] for match in marked if match is not None]
        assert one.targets[0].labels == (label,)


def covered_by(example):
    return [span.of(example.text) for span in example.targets[0].spans]


@pytest.mark.parametrize("name", ["crossner/politics/dev.txt", "wnut17/emerging.dev.conll"])
def test_every_entity_of_bio_files_is_there(name):
    expected = []
    for rows in _sentences(shared(f"data/{name}")):
        words: list[str] = []
        kind = ""
        for word, tag in [*((row[0], row[1]) for row in rows), ("", "O")]:
            if words and not tag.startswith("I-"):
                expected.append((" ".join(words), kind))
                words = []
            if tag != "O":
                kind = tag[2:]
                words.append(word)
    assert [(spans[0], labels[0]) for spans, labels in covered(_opened(name))] == expected


def test_every_entity_of_litbank_is_there_with_its_layer():
    folder = shared("data/litbank/entities/tsv")
    begun = Counter(
        column[2:].strip()
        for path in folder.glob("*.tsv")
        for rows in _sentences(path)
        for row in rows
        for column in row[1:]
        if column.startswith("B-")
    )
    data = _opened("litbank/entities/tsv")
    found = Counter(labels[0] for _, labels in covered(data))
    # Two layers seldom mark the same words alike; such a mention is one target.
    assert sum(begun.values()) - sum(found.values()) <= 5
    assert found.keys() == begun.keys()
    assert len({one.document for one in data.examples}) == 40


def test_every_pair_of_litbank_is_there():
    """Mentions are found by scanning back for the bracket that opens what is closed."""
    expected: Counter[tuple[str, ...]] = Counter()
    for path in sorted(shared("data/litbank/coref/conll").glob("*.conll")):
        for rows in _sentences(path):
            mentions = set()
            cells = [row[-1].split("|") if row[-1] else [] for row in rows]
            taken = set()
            for last, cell in enumerate(cells):
                for mark in cell:
                    if not mark.endswith(")"):
                        continue
                    key = mark.strip("()")
                    if mark.startswith("("):
                        mentions.add((last, last, key))
                        continue
                    first = max(
                        place
                        for place in range(last + 1)
                        if f"({key}" in cells[place] and (place, key) not in taken
                    )
                    taken.add((first, key))
                    mentions.add((first, last, key))
            words = [row[3] for row in rows]
            for a, b in combinations(sorted(mentions), 2):
                if a[:2] != b[:2]:
                    both = [" ".join(words[m[0] : m[1] + 1]) for m in (a, b)]
                    expected[(*both, "true" if a[2] == b[2] else "false")] += 1
    data = _opened("litbank/coref/conll", "coref", negatives=None)
    # A document without one equal pair has no pairs here; none of these books is one.
    found = Counter((*spans, labels[0]) for spans, labels in covered(data))
    assert found == expected


def test_sentences_of_gum_have_the_text_that_is_written_above_them():
    texts = {
        line.removeprefix("# text = ").strip()
        for path in shared("data/gum/dep").glob("*.conllu")
        for line in path.read_text(encoding="utf-8").split("\n")
        if line.startswith("# text = ")
    }
    data = _opened("gum/dep", "nel")
    assert len(data.examples) > 700
    assert not data.problems
    assert all(one.text in texts for one in data.examples)


def test_both_layouts_of_gum_mark_the_same_entities():
    """The columns have no words inside words, so forms are compared without blanks."""
    names = [path.stem for path in shared("data/gum/dep").glob("*.conllu")]
    columns = Counter(
        (spans[0].replace(" ", ""), labels[0])
        for name in names
        for spans, labels in covered(_opened(f"gum/coref/gum/conll/{name}.conll", "nel"))
    )
    written = Counter(
        (spans[0].replace(" ", ""), labels[0])
        for spans, labels in covered(_opened("gum/dep", "nel"))
    )
    assert sum(((columns - written) + (written - columns)).values()) <= 0.01 * sum(written.values())


def test_gum_keeps_its_published_parts():
    data = _opened("gum/coref/ontogum/conll", "coref")
    of = {one.document: one.split for one in data.examples}
    assert Counter(of.values()) == {"train": 84, "dev": 12}
    assert of["GUM_bio_byron"] == "dev"


@pytest.mark.parametrize("name", ["gap-development.tsv", "gap-validation.tsv"])
def test_every_name_and_pronoun_of_gap_stands_where_it_should(name):
    with shared(f"data/gap/{name}").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    data = _opened(f"gap/{name}")
    assert len(data.examples) == len(rows)
    for row, one in zip(rows, data.examples, strict=True):
        assert one.text == row["Text"]
        for letter, target in zip("AB", one.targets, strict=True):
            pronoun, named = target.spans
            assert (pronoun.start, pronoun.of(one.text)) == (
                int(row["Pronoun-offset"]),
                row["Pronoun"],
            )
            assert (named.start, named.of(one.text)) == (int(row[f"{letter}-offset"]), row[letter])
            assert target.labels == (row[f"{letter}-coref"].lower(),)


def test_the_facts_of_hotpotqa_are_the_sentences_it_names():
    path = shared("data/hotpotqa/hotpot_dev_distractor_v1.json")
    raw = {record["_id"]: record for record in json.loads(path.read_text(encoding="utf-8"))}
    data = _opened("hotpotqa/hotpot_dev_distractor_v1.json")
    assert len(data.examples) == sum(r["answer"] not in ("yes", "no") for r in raw.values())
    for one in data.examples:
        record = raw[one.id]
        by_title = dict(map(tuple, record["context"]))
        named = {
            by_title[title][place].strip()
            for title, place in record["supporting_facts"]
            if place < len(by_title[title])
        }
        marked = {
            target.spans[1].of(one.text) for target in one.targets if target.labels == ("true",)
        }
        assert marked == named - {""}
        assert one.pair is not None
        assert one.text[: one.pair].strip() == record["question"].strip()


def test_the_facts_of_stories_are_the_lines_they_name():
    data = _opened("babi/tasks_1-20_v1-2/en/qa3_three-supporting-facts_test.txt")
    path = shared("data/babi/tasks_1-20_v1-2/en/qa3_three-supporting-facts_test.txt")
    story: dict[str, str] = {}
    expected = []
    for line in path.read_text(encoding="utf-8").splitlines():
        number, rest = line.split(" ", 1)
        if number == "1":
            story = {}
        if "\t" not in rest:
            story[number] = rest.strip()
            continue
        question, _, facts = rest.split("\t")
        labels = ["true" if key in facts.split() else "false" for key in story]
        expected.append((f"{question.strip()} {' '.join(story.values())}", labels))
    assert [(o.text, [t.labels[0] for t in o.targets]) for o in data.examples] == expected

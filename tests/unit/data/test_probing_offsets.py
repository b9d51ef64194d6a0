"""Spans of drawn files: each reader gives back the characters that were written as labelled."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.probing.open import open_probe_data
from bertscope_tui.data.probing.records import ProbeTarget
from bertscope_tui.data.records import Span
from tests.unit.data.probing_files import covered, written

_SOME = settings(max_examples=60, deadline=None)
_token = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=6).filter(
    lambda text: not text.startswith(("#", "{", "["))
)
_tokens = st.lists(_token, min_size=2, max_size=8)


def _places(draw, size):
    """Draw a run of tokens: the first and the last one, both included."""
    first = draw(st.integers(0, size - 1))
    return first, draw(st.integers(first, size - 1))


def _nested(draw, size):
    """Draw runs of tokens that nest or lie apart, none of them twice, the outer ones first."""
    kept: list[tuple[int, int]] = []
    for _ in range(draw(st.integers(1, 4))):
        first, last = _places(draw, size)
        apart_or_nested = all(
            last < a or first > b or a <= first <= last <= b or first <= a <= b <= last
            for a, b in kept
        )
        if apart_or_nested and (first, last) not in kept:
            kept.append((first, last))
    return sorted(kept, key=lambda run: (run[0], -run[1]))


def _order(run):
    """The order in which readers give runs: by beginning, then by end."""
    return run[0], run[1]


@_SOME
@given(st.data())
def test_tokens_of_edge_probing_are_its_runs_without_white_space(tmp_path_factory, data):
    tokens = data.draw(_tokens)
    gaps = st.text(" \t\n\u00a0\u2003", min_size=1, max_size=2)
    text = data.draw(st.sampled_from(["", " "])) + tokens[0]
    for token in tokens[1:]:
        text += data.draw(gaps) + token
    runs = [(_places(data.draw, len(tokens)), _places(data.draw, len(tokens))) for _ in range(3)]
    targets = [{"span1": [a, b + 1], "span2": [c, d + 1], "label": "x"} for (a, b), (c, d) in runs]
    path = tmp_path_factory.mktemp("jiant") / "x.json"
    path.write_text(json.dumps({"text": text, "targets": targets}) + "\n")
    read = open_probe_data(path, "rel", divide=False)
    assert read.examples[0].text == text
    for (spans, _), pair in zip(covered(read), runs, strict=True):
        for span, (first, last) in zip(spans, pair, strict=True):
            assert span.split() == tokens[first : last + 1]
            assert span == span.strip()


@_SOME
@given(st.data())
def test_every_layer_of_litbank_covers_its_tokens(tmp_path_factory, data):
    tokens = data.draw(_tokens)
    runs = _nested(data.draw, len(tokens))
    layers = [["O"] * len(tokens) for _ in range(5)]
    for layer, (first, last) in enumerate(runs):
        layers[layer][first : last + 1] = ["B-PER"] + ["I-PER"] * (last - first)
    rows = (
        "\t".join((token, *tags))
        for token, tags in zip(tokens, zip(*layers, strict=True), strict=True)
    )
    path = written(tmp_path_factory.mktemp("litbank"), "a.tsv", "\n".join(rows) + "\n")
    read = open_probe_data(path, divide=False)
    assert read.examples[0].text == " ".join(tokens)
    assert covered(read) == [
        ([" ".join(tokens[first : last + 1])], ("PER",)) for first, last in sorted(runs, key=_order)
    ]


@_SOME
@given(st.data())
def test_every_bracket_of_gum_covers_its_tokens_in_both_layouts(tmp_path_factory, data):
    """The same mentions are written as columns and as CoNLL-U, with and without blanks."""
    size = data.draw(st.integers(2, 8))
    runs = _nested(data.draw, size)
    blanks = [data.draw(st.booleans()) for _ in range(size)]
    opens = [[n for n, run in enumerate(runs) if run[0] == token] for token in range(size)]
    closes = [[n for n, run in enumerate(runs) if run[1] == token] for token in range(size)]
    plain, conllu = "# begin document d\n", "# newdoc id = d\n# global.Entity = GRP-etype-infstat\n"
    for token in range(size):
        both = [n for n in opens[token] if n in closes[token]]
        begun = [n for n in opens[token] if n not in both]
        ended = [n for n in reversed(closes[token]) if n not in both]
        cell = "".join(
            (
                *(f"(person-{n}-A" for n in begun),
                *(f"(person-{n}-A)" for n in both),
                *(f"person-{n}-A)" for n in ended),
            )
        )
        plain += f"{token}\tw{token}\t{cell or '_'}\n"
        entity = "".join(
            (
                *(f"({n}-person-new" for n in begun),
                *(f"({n}-person-new)" for n in both),
                *(f"{n})" for n in ended),
            )
        )
        misc = "|".join((f"Entity={entity}",) * bool(entity) + ("SpaceAfter=No",) * blanks[token])
        conllu += f"{token + 1}\tw{token}" + "\t_" * 7 + f"\t{misc or '_'}\n"
    folder = tmp_path_factory.mktemp("gum")
    columns = open_probe_data(written(folder, "a.conll", plain), "nel", divide=False)
    sentences = open_probe_data(written(folder, "a.conllu", conllu), "nel", divide=False)
    words = [[f"w{n}" for n in range(a, b + 1)] for a, b in sorted(runs, key=_order)]
    assert covered(columns) == [([" ".join(run)], ("person",)) for run in words]
    pieces = [f"w{n}" + " " * (not glued) for n, glued in enumerate(blanks)]
    assert sentences.examples[0].text == "".join(pieces).rstrip()
    assert covered(sentences) == [
        (["".join(pieces[a : b + 1]).rstrip()], ("person",)) for a, b in sorted(runs, key=_order)
    ]
    assert all(
        target.spans[0].end <= len(sentences.examples[0].text)
        for target in sentences.examples[0].targets
    )


_prose = st.text(st.characters(exclude_characters="\t\n\r\ufdd0", codec="utf-8"), max_size=12)
_name = _prose.filter(lambda text: text.strip() == text != "")


@_SOME
@given(_prose, _name, _prose, _name, _prose, _name, st.booleans())
def test_offsets_of_gap_count_characters(tmp_path_factory, before, a, between, b, rest, it, meant):
    text = f"{before}{a}{between}{b}{rest}{it}."
    places = (len(before), len(before + a + between), len(text) - 1 - len(it))
    row = (
        "d-1", text, it, places[2], a, places[0], str(meant).upper(), b, places[1],
        str(not meant).upper(), "http://w/E",
    )  # fmt: skip
    head = "ID\tText\tPronoun\tPronoun-offset\tA\tA-offset\tA-coref\tB\tB-offset\tB-coref\tURL\n"
    lines = head + "\t".join(map(str, row)) + "\n"
    path = written(tmp_path_factory.mktemp("gap"), "gap-test.tsv", lines)
    read = open_probe_data(path, divide=False)
    assert read.examples[0].text == text
    assert covered(read) == [([it, a], (str(meant).lower(),)), ([it, b], (str(not meant).lower(),))]
    starts = [[span.start for span in target.spans] for target in read.examples[0].targets]
    assert starts == [[places[2], places[0]], [places[2], places[1]]]


@_SOME
@given(st.lists(_name, min_size=1, max_size=5), st.booleans())
def test_the_span_of_a_question_of_trec_is_all_of_it(tmp_path_factory, questions, fine):
    lines = "".join(f"HUM:ind {question}\n" for question in questions)
    path = written(tmp_path_factory.mktemp("trec"), "x.label", lines)
    read = open_probe_data(path, fine=fine, divide=False)
    label = "HUM:ind" if fine else "HUM"
    assert [one.text for one in read.examples] == questions
    assert [one.targets for one in read.examples] == [
        (ProbeTarget((Span(0, len(question)),), (label,)),) for question in questions
    ]


# Three letters at least: a drawn "no" would be a yes/no question, which is left out.
_plain_word = st.from_regex(r"(?!yes)[a-zäéß]{3,8}", fullmatch=True)
_sentence = st.lists(_plain_word, min_size=1, max_size=6).map(
    lambda words: " ".join(words).capitalize() + "."
)


@_SOME
@given(st.lists(_sentence, min_size=2, max_size=5), _sentence, st.data())
def test_facts_of_hotpotqa_are_read_behind_any_question(tmp_path_factory, told, asked, data):
    facts = data.draw(st.sets(st.integers(0, len(told) - 1), min_size=1))
    record = {
        "_id": "1",
        "question": f" {asked} ",
        "answer": told[min(facts)].split()[0].strip("."),
        "supporting_facts": [["t", fact] for fact in sorted(facts)],
        "context": [["t", [f" {one}" if place else one for place, one in enumerate(told)]]],
        "type": "bridge",
        "level": "easy",
    }
    path = tmp_path_factory.mktemp("hotpot") / "x.json"
    path.write_text(json.dumps([record]))
    read = open_probe_data(path, divide=False)
    example = read.examples[0]
    assert example.pair == len(asked) + 1
    assert example.text[: example.pair] == f"{asked} "
    assert covered(read) == [
        ([asked, one], ("true" if place in facts else "false",)) for place, one in enumerate(told)
    ]

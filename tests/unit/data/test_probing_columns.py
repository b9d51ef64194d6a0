"""Columns of one token a line: BIO, LitBank, CoNLL-2012, GUM and CoNLL-U, with their traps."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.probing.open import open_probe_data
from bertscope_tui.data.probing.tags import runs_of
from bertscope_tui.errors import DataError
from tests.unit.data.probing_files import covered, written


@pytest.mark.parametrize(
    ("tags", "runs"),
    [
        ("B-PER I-PER O B-PER", [(0, 1, "PER"), (3, 3, "PER")]),
        ("B-PER B-PER", [(0, 0, "PER"), (1, 1, "PER")]),
        ("I-PER I-PER I-LOC O", [(0, 1, "PER"), (2, 2, "LOC")]),
        ("O I-PER B-PER I-PER", [(1, 1, "PER"), (2, 3, "PER")]),
        ("B-LOC I-PER", [(0, 0, "LOC"), (1, 1, "PER")]),
        ("S-PER B-LOC I-LOC E-LOC S-PER", [(0, 0, "PER"), (1, 3, "LOC"), (4, 4, "PER")]),
        ("U-PER B-LOC L-LOC", [(0, 0, "PER"), (1, 2, "LOC")]),
        ("B-creative-work I-creative-work", [(0, 1, "creative-work")]),
        ("O O", []),
    ],
)
def test_tags_of_every_scheme_give_the_entities_they_mean(tags, runs):
    assert runs_of(tags.split()) == runs


def test_a_lone_tab_ends_a_sentence_and_invisible_tokens_keep_their_place(tmp_path):
    lines = (
        "I\tO\n\ufe0f\tO\nlo\u200bve\tO\nOslo\tB-city\n\t\n"
        "No\tO\nname\tO\n\t\nCarl\tB-person\r\nzur\tI-person\r\n"
    )
    data = open_probe_data(written(tmp_path, "x.conll", lines), divide=False)
    assert [one.text for one in data.examples] == ["I \ufe0f lo\u200bve Oslo", "Carl zur"]
    assert covered(data) == [(["Oslo"], ("city",)), (["Carl zur"], ("person",))]
    assert (data.left_out, data.skipped) == (1, 0)
    assert [one.origin.record for one in data.examples] == ["lines 1 to 4", "lines 9 to 10"]


def test_a_file_may_begin_with_a_brace_or_a_number(tmp_path):
    for token in ("{", "[", "1", "#", "HUM:ind"):
        path = written(tmp_path, "x.txt", f"{token}\tO\nOslo\tB-city\n")
        assert covered(open_probe_data(path, divide=False)) == [(["Oslo"], ("city",))]


def test_four_columns_with_document_marks_are_documents(tmp_path):
    lines = (
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP I-ORG\nrejects VBZ B-VP O\n\nBonn NNP B-NP I-LOC\n\n"
        "-DOCSTART- -X- -X- O\n\nRome NNP B-NP I-LOC\n"
    )
    data = open_probe_data(written(tmp_path, "eng.train", lines), divide=False)
    assert covered(data) == [(["EU"], ("ORG",)), (["Bonn"], ("LOC",)), (["Rome"], ("LOC",))]
    first, second, third = (one.document for one in data.examples)
    assert first == second != third
    assert {one.split for one in data.examples} == {"train"}


def test_a_damaged_sentence_is_skipped_with_its_line_and_the_rest_stays(tmp_path):
    good = "".join(f"Oslo\tB-city\nis{n}\tO\n\n" for n in range(40))
    path = written(tmp_path, "x.txt", good)
    path.write_bytes(path.read_bytes() + b"Ber\xfcn\tB-city\n\nonly\n\nA\tX-city\n")
    data = open_probe_data(path)
    assert (len(data.examples), data.skipped) == (40, 3)
    assert [(one.where, one.what) for one in data.problems] == [
        ("x.txt: line 121", "line 121: not valid UTF-8"),
        ("x.txt: line 123", "line 123: a token and its tag expected"),
        ("x.txt: line 125", "line 125: 'X-city' is no BIO tag"),
    ]


def test_nested_entities_of_litbank_come_from_all_layers(tmp_path):
    lines = (
        "the\tB-PER\tO\tO\tO\t\nmayor\tI-PER\tO\tO\tO\t\nof\tI-PER\tO\tO\tO\t\n"
        "Bath\tI-PER\tB-GPE\tO\tO\tO\t\n\nran\tO\tO\tO\tO\t\n\n"
        "Mr.\tB-PER\tO\tO\tO\tO\t\nHill\tI-PER\tO\tO\tO\tB-LOC\t\n"
    )
    data = open_probe_data(written(tmp_path, "12_book_brat.tsv", lines), divide=False)
    assert covered(data) == [
        (["the mayor of Bath"], ("PER",)),
        (["Bath"], ("GPE",)),
        (["Mr. Hill"], ("PER",)),
        (["Hill"], ("LOC",)),
    ]
    assert {one.document for one in data.examples} == {"12_book_brat"}
    assert data.left_out == 1


HEAD = "#begin document (nw/a/01); part 000\n"


def _row(word: str, entity: str, coreference: str, part: int = 0) -> str:
    return (
        f"nw/a/01   {part}   0   {word}   NN   *   -   -   -   -   {entity}   *   {coreference}\n"
    )


def _ontonotes(folder: Path, rows: str, name: str = "a.v4_gold_conll") -> Path:
    return written(folder, name, f"{HEAD}{rows}\n#end document\n")


def test_the_eighteen_types_of_ontonotes_are_read_with_their_placeholders(tmp_path):
    types = [
        "CARDINAL", "DATE", "EVENT", "FAC", "GPE", "LANGUAGE", "LAW", "LOC", "MONEY", "NORP",
        "ORDINAL", "ORG", "PERCENT", "PERSON", "PRODUCT", "QUANTITY", "TIME", "WORK_OF_ART",
    ]  # fmt: skip
    rows = "".join(
        _row(f"a{n}", f"({kind}*", "-") + _row("-", "*", "-") + _row(f"b{n}", "*)", "-") + "\n"
        for n, kind in enumerate(types)
    )
    data = open_probe_data(_ontonotes(tmp_path, rows), "nel", divide=False)
    assert list(data.labels) == types
    assert covered(data) == [([f"a{n} - b{n}"], (kind,)) for n, kind in enumerate(types)]


def test_escaped_brackets_and_marks_become_the_characters_they_stand_for(tmp_path):
    rows = "".join(
        _row(word, entity, "-")
        for word, entity in (("-LRB-", "*"), ("Bonn", "(GPE)"), ("-RRB-", "*"), ("/.", "*"))
    )
    data = open_probe_data(_ontonotes(tmp_path, rows), "nel", divide=False)
    assert data.examples[0].text == "( Bonn ) ."
    assert covered(data) == [(["Bonn"], ("GPE",))]


def test_nested_crossing_and_repeated_brackets_are_told_apart(tmp_path):
    rows = (
        _row("a", "*", "(1|(2") + _row("b", "*", "(1)") + _row("c", "*", "1)")
        + _row("d", "*", "(3|2)") + _row("e", "*", "3)")
    )  # fmt: skip
    data = open_probe_data(_ontonotes(tmp_path, rows), "coref", negatives=None, divide=False)
    assert sorted(covered(data)) == sorted(
        [
            (["a b c", "b"], ("true",)),
            (["a b c", "a b c d"], ("false",)),
            (["a b c", "d e"], ("false",)),
            (["a b c d", "b"], ("false",)),
            (["a b c d", "d e"], ("false",)),
            (["b", "d e"], ("false",)),
        ]
    )


def test_brackets_without_a_partner_are_listed_and_the_sentence_stays(tmp_path):
    rows = _row("a", "*", "(1)") + _row("b", "*", "(1)|7)") + _row("c", "*", "(8")
    data = open_probe_data(_ontonotes(tmp_path, rows), "coref", divide=False)
    assert covered(data) == [(["a", "b"], ("true",))]
    assert [one.what for one in data.problems] == [
        "a mention of 7 ends that did not begin",
        "a mention of 8 begins that does not end",
    ]


def test_parts_are_one_document_but_not_one_numbering(tmp_path):
    rows = _row("a", "*", "(1)") + _row("b", "*", "(1)") + "\n#end document\n"
    rows += "#begin document (nw/a/01); part 001\n"
    rows += _row("c", "*", "(1)", 1) + _row("d", "*", "(1)", 1)
    data = open_probe_data(_ontonotes(tmp_path, rows), "coref", divide=False)
    assert [one.id for one in data.examples] == ["a:nw/a/01/0/s1", "a:nw/a/01/1/s1"]
    assert {one.document for one in data.examples} == {"nw/a/01"}
    assert covered(data) == [(["a", "b"], ("true",)), (["c", "d"], ("true",))]


def test_as_many_pairs_of_different_mentions_as_of_equal_ones_are_drawn(tmp_path):
    rows = "".join(_row(f"w{n}", "*", f"({n % 4})") for n in range(12))
    path = _ontonotes(tmp_path, rows)
    drawn = [open_probe_data(path, "coref", seed=seed, divide=False) for seed in (1, 1, 2)]
    for data in drawn:
        labels = [target.labels[0] for one in data.examples for target in one.targets]
        assert labels.count("true") == 4 * 3
        assert labels.count("false") == 4 * 3
    assert covered(drawn[0]) == covered(drawn[1]) != covered(drawn[2])
    every = covered(open_probe_data(path, "coref", negatives=None, divide=False))
    assert len(every) == 12 * 11 // 2
    assert all(pair in every for pair in covered(drawn[0]))


def test_a_document_that_comes_again_and_automatic_annotations_are_passed_over(tmp_path):
    rows = _row("a", "(GPE)", "(1)") + _row("b", "*", "(1)")
    _ontonotes(tmp_path, rows, "test/data/english/a.v4_gold_conll")
    _ontonotes(tmp_path, rows, "test/data/english/a.v4_auto_conll")
    _ontonotes(tmp_path, rows, "test/data/chinese/b.v4_gold_conll")
    _ontonotes(tmp_path, rows, "conll-2012-test/data/english/a.v4_gold_conll")
    data = open_probe_data(tmp_path, "nel", divide=False)
    assert len(data.examples) == 1
    assert data.examples[0].split == "test"
    assert [one.what for one in data.problems] == [
        "'nw/a/01', part 0, was read before; passed over"
    ]


def test_files_whose_words_were_taken_out_are_refused_with_the_reason(tmp_path):
    path = _ontonotes(tmp_path, _row("[WORD]", "(GPE)", "-"), "a.v4_gold_skel")
    with pytest.raises(DataError, match=r"put them back from OntoNotes"):
        open_probe_data(path, "nel")


def test_a_format_of_several_tasks_wants_to_be_told_which(tmp_path):
    path = _ontonotes(tmp_path, _row("a", "(GPE)", "-"))
    with pytest.raises(DataError, match="nel or coref"):
        open_probe_data(path)
    with pytest.raises(DataError, match="no examples of ques"):
        open_probe_data(path, "ques")


def test_brackets_of_ontogum_and_gum_are_joined_without_a_mark(tmp_path):
    plain = (
        "# begin document \n0\tAnn\t(1(2)\n1\tHill\t1)(12\n2\tsaw\t12)\n3\ther\t(1)12)\n"
        "4\t.\t_\n5\tHe\t(2)\n6\tor\t_\n7\tshe\t(2)\n\n"
    )
    data = open_probe_data(written(tmp_path, "a.conll", plain), "coref", divide=False)
    assert [one.text for one in data.examples] == ["Ann Hill saw her .", "He or she"]
    assert (["Ann Hill", "her"], ("true",)) in covered(data)
    assert (["He", "she"], ("true",)) in covered(data)
    assert [one.what for one in data.problems] == ["a mention of 12 ends that did not begin"]
    typed = (
        "# begin document GUM_x\n0\tThe\t(place-1-A\n"
        "1\tA.B.\t(organization-2-The_A.B.)place-1-A)\n"
        "2\tgrew\t(abstract-3(person-4-É_d'A)\n3\tfast\tabstract-3)\n"
    )
    data = open_probe_data(written(tmp_path, "b.conll", typed), "nel", divide=False)
    assert covered(data) == [
        (["The A.B."], ("place",)),
        (["A.B."], ("organization",)),
        (["grew"], ("person",)),
        (["grew fast"], ("abstract",)),
    ]
    assert {one.document for one in data.examples} == {"GUM_x"}


def test_a_sentence_of_gum_does_not_end_inside_a_mention_or_before_a_closing_quote(tmp_path):
    words = [
        ("The", "(1"), ("show", "_"), ('"', "_"), ("Wait", "_"), ("!", "_"), ('"', "_"),
        ("itself", "1)"), ("was", "_"), ("its", "(1)"), ("end", "_"), (".", "_"), ('"', "_"),
        ("End", "(2)"), ("of", "_"), ("him", "(2)"),
    ]  # fmt: skip
    lines = "# begin document d\n" + "".join(f"{n}\t{w}\t{c}\n" for n, (w, c) in enumerate(words))
    data = open_probe_data(written(tmp_path, "a.conll", lines), "coref", divide=False)
    assert [one.text for one in data.examples] == [
        'The show " Wait ! " itself was its end . "',
        "End of him",
    ]


CONLLU = """\
# newdoc id = GUM_x
# global.Entity = GRP-etype-infstat-salience-centering-minspan-link-identity
# sent_id = 1
# text = Ann doesn't know (her) town.
1\tAnn\t_\tPROPN\tNNP\t_\t3\tnsubj\t_\tEntity=(1-person-new-sgl-cf1-1-sgl)
2-3\tdoesn't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdoes\t_\tAUX\tVBZ\t_\t4\taux\t_\t_
3\tn't\t_\tPART\tRB\t_\t4\tadvmod\t_\t_
4\tknow\t_\tVERB\tVB\t_\t0\troot\t_\t_
4.1\tgap\t_\t_\t_\t_\t_\t_\t_\t_
5\t(\t_\tPUNCT\t-LRB-\t_\t7\tpunct\t_\tEntity=(2-place-new-x-cf2-1-sgl|SpaceAfter=No
6-7\thers\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
6\ther\t_\tPRON\tPRP$\t_\t7\tnmod\t_\tEntity=(1-person-giv-sgl-cf1-1-ana)
7\tses\t_\tPRON\tPRP$\t_\t7\tnmod\t_\t_
8\t)\t_\tPUNCT\t-RRB-\t_\t7\tpunct\t_\tEntity=2)
9\t.\t_\tPUNCT\t.\t_\t3\tpunct\t_\tSpaceAfter=No

"""


def test_words_inside_words_of_conllu_have_their_own_characters(tmp_path):
    path = written(tmp_path, "a.conllu", CONLLU)
    data = open_probe_data(path, "nel", divide=False)
    assert data.examples[0].text == "Ann doesn't know (hers) ."
    assert covered(data) == [
        (["Ann"], ("person",)),
        (["(hers)"], ("place",)),
        (["her"], ("person",)),
    ]
    pairs = covered(open_probe_data(path, "coref", divide=False))
    assert (["Ann", "her"], ("true",)) in pairs


def test_the_published_splits_of_gum_are_kept(tmp_path):
    written(tmp_path, "splits.md", "# Splits\n\n## dev\n\n  * GUM_x\n\n## test2\n\n  * GUM_y\n")
    for name in ("GUM_x", "GUM_y", "GUM_z"):
        text = CONLLU.replace("GUM_x", name)
        written(tmp_path, f"dep/{name}.conllu", text)
    data = open_probe_data(tmp_path / "dep", "nel", divide=False)
    assert [one.split for one in data.examples] == ["dev", "test", None]


_word = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=6).filter(
    lambda text: not text.startswith("#")
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_word, st.sampled_from(["O", "B-a", "I-a", "B-b c"])), min_size=1))
def test_every_entity_of_bio_columns_covers_its_tokens(tmp_path_factory, rows):
    lines = "".join(f"{word}\t{tag}\n" for word, tag in [*rows, ("Oslo", "B-a")])
    data = open_probe_data(written(tmp_path_factory.mktemp("bio"), "x.txt", lines), divide=False)
    words = [word for word, _ in rows] + ["Oslo"]
    tags = [tag for _, tag in rows] + ["B-a"]
    assert data.examples[0].text == " ".join(words)
    assert covered(data) == [
        ([" ".join(words[first : last + 1])], (kind,)) for first, last, kind in runs_of(tags)
    ]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_bracketing_of_conll_2012_is_read_back(tmp_path_factory, data):
    """Mentions are drawn, written as brackets, and must come back as all their pairs."""
    size = data.draw(st.integers(2, 8))
    places = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).map(
        lambda pair: tuple(sorted(pair))
    )
    drawn = data.draw(st.dictionaries(places, st.integers(0, 3), min_size=2, max_size=6))
    cells: list[list[str]] = [[] for _ in range(size)]
    # Of one entity crossing mentions cannot be written; keep those that nest or lie apart.
    kept: dict[tuple[int, int], int] = {}
    for (first, last), entity in drawn.items():
        same = [place for place, other in kept.items() if other == entity]
        if all(last < a or first > b or (first - a) * (last - b) <= 0 for a, b in same):
            kept[first, last] = entity
    for first, last in sorted(kept, key=lambda pair: (pair[0], -pair[1])):
        if first != last:
            cells[first].append(f"({kept[first, last]}")
    for first, last in kept:
        if first == last:
            cells[first].append(f"({kept[first, last]})")
    for first, last in sorted(kept, key=lambda pair: (pair[1], -pair[0])):
        if first != last:
            cells[last].append(f"{kept[first, last]})")
    rows = "".join(_row(f"w{n}", "*", "|".join(cell) or "-") for n, cell in enumerate(cells))
    expected = sorted(
        (sorted((_words(a), _words(b))), ("true" if kept[a] == kept[b] else "false",))
        for place, a in enumerate(kept)
        for b in list(kept)[place + 1 :]
    )
    path = _ontonotes(tmp_path_factory.mktemp("brackets"), rows)
    if not expected:
        with pytest.raises(DataError):
            open_probe_data(path, "coref", negatives=None)
        return
    read = open_probe_data(path, "coref", negatives=None, divide=False)
    assert sorted((sorted(spans), labels) for spans, labels in covered(read)) == expected


def _words(place: tuple[int, int]) -> str:
    return " ".join(f"w{n}" for n in range(place[0], place[1] + 1))

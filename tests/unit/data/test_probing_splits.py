"""Train, dev and test: documents stay whole, what a source says is kept, labels are spread."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.probing.records import ProbeData, ProbeExample, ProbeTarget
from bertscope_tui.data.probing.splitting import limited, with_splits
from bertscope_tui.data.records import Origin, Span


def example(number, *, document=None, text=None, label="a", split=None, targets=1):
    text = text or f"text {number}"
    return ProbeExample(
        id=f"e{number}",
        text=text,
        targets=(ProbeTarget((Span(0, 1),), (label,)),) * targets,
        document=document or f"d{number}",
        origin=Origin("x", f"line {number}"),
        split=split,
    )


def data(*examples):
    labels = tuple(sorted({one.targets[0].labels[0] for one in examples}))
    return ProbeData("nel", "x", "x", 1, labels, tuple(examples))


def counts(found):
    return Counter(one.split for one in found.examples)


def test_without_splits_eight_in_ten_are_for_training():
    found = with_splits(data(*map(example, range(200))))
    assert counts(found) == {"train": 160, "dev": 20, "test": 20}
    assert found == with_splits(data(*map(example, range(200))))
    assert found != with_splits(data(*map(example, range(200))), seed=1)


def test_what_has_all_three_parts_is_left_alone():
    given = data(*(example(n, split=("train", "dev", "test")[n % 3]) for n in range(9)))
    assert with_splits(given) == given


def test_a_published_test_part_stays_and_dev_is_taken_from_train():
    given = data(*(example(n, split="test" if n < 30 else "train") for n in range(130)))
    found = with_splits(given)
    assert counts(found) == {"train": 90, "dev": 10, "test": 30}
    assert all((one.split == "test") == (n < 30) for n, one in enumerate(found.examples))


def test_a_published_dev_part_is_halved_where_no_test_part_came():
    found = with_splits(data(*(example(n, split="dev" if n < 40 else "train") for n in range(90))))
    assert counts(found) == {"train": 50, "dev": 20, "test": 20}
    assert all(one.split == "train" for one in found.examples[40:])


def test_a_lone_part_is_divided_as_if_it_were_none():
    for split in ("train", "dev", "test"):
        found = with_splits(data(*(example(n, split=split) for n in range(50))))
        assert counts(found) == {"train": 40, "dev": 5, "test": 5}


def test_every_label_is_in_every_part_in_its_share():
    labels = "a" * 300 + "b" * 80 + "c" * 20
    found = with_splits(data(*(example(n, label=one) for n, one in enumerate(labels))))
    for label, number in (("a", 300), ("b", 80), ("c", 20)):
        of = Counter(one.split for one in found.examples if one.targets[0].labels == (label,))
        assert abs(of["train"] - 0.8 * number) <= 1
        assert of["dev"] >= number // 10 - 1
        assert of["test"] >= number // 10 - 1


def test_long_documents_do_not_all_go_to_training():
    given = data(*(example(n, targets=50 if n % 2 else 1) for n in range(400)))
    found = with_splits(given)
    long = Counter(one.split for one in found.examples if len(one.targets) == 50)
    short = Counter(one.split for one in found.examples if len(one.targets) == 1)
    assert long["dev"] >= 10
    assert long["test"] >= 10
    assert short["train"] >= 130


def test_three_documents_give_three_parts():
    found = with_splits(data(*(example(n, document=f"d{n % 3}") for n in range(30))))
    assert counts(found) == {"train": 10, "dev": 10, "test": 10}
    assert not found.problems


def test_with_one_document_texts_are_divided_and_a_problem_says_so():
    found = with_splits(data(*(example(n, document="book") for n in range(50))))
    assert counts(found) == {"train": 40, "dev": 5, "test": 5}
    assert "too few documents" in found.problems[0].what


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 30), st.sampled_from("abc")),
        min_size=1,
        max_size=60,
    ),
    st.integers(0, 5),
)
def test_documents_and_equal_texts_never_lie_on_two_sides(rows, seed):
    given = data(
        *(
            example(n, document=f"d{document}", text=f"text {text}", label=label)
            for n, (document, text, label) in enumerate(rows)
        )
    )
    found = with_splits(given, seed)
    assert [(one.id, one.text, one.targets) for one in found.examples] == [
        (one.id, one.text, one.targets) for one in given.examples
    ]
    assert all(one.split is not None for one in found.examples)
    by_text: dict[str, set[str | None]] = {}
    by_document: dict[str, set[str | None]] = {}
    for one in found.examples:
        by_text.setdefault(one.text, set()).add(one.split)
        by_document.setdefault(one.document, set()).add(one.split)
    assert all(len(splits) == 1 for splits in by_text.values())
    if not found.problems:
        assert all(len(splits) == 1 for splits in by_document.values())


def test_a_limit_keeps_the_shares_and_spreads_over_the_data():
    found = limited(with_splits(data(*map(example, range(200)))), 50)
    assert counts(found) == {"train": 40, "dev": 5, "test": 5}
    places = [int(one.id[1:]) for one in found.examples]
    assert places == sorted(places)
    assert max(places) > 150
    assert min(places) < 50


def test_a_limit_leaves_labels_that_are_still_there_and_some_of_every_part():
    labels = "b" + "a" * 199
    found = limited(with_splits(data(*(example(n, label=one) for n, one in enumerate(labels)))), 2)
    assert set(counts(found)) == {"train", "dev", "test"}
    assert set(found.labels) == {one.targets[0].labels[0] for one in found.examples}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["train", "dev", "test"]), min_size=3), st.integers(1, 60))
def test_a_limit_is_not_passed_and_hardly_missed(splits, limit):
    given = data(*(example(n, split=split) for n, split in enumerate(splits)))
    found = limited(given, limit)
    parts = len(set(splits))
    assert set(counts(found)) == set(splits)
    if limit >= len(splits):
        assert found == given
    else:
        assert limit - parts < len(found.examples) <= limit + parts - 1
    assert [one for one in given.examples if one in found.examples] == list(found.examples)

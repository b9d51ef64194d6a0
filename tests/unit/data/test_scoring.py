from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.data.scoring import exact_match, f1, normalise_answer
from tests.reference.squad_scores import reference_exact_match, reference_f1
from tests.shared_files import shared

WORDS = st.sampled_from(
    [
        "The",
        "a",
        "an",
        "the.",
        "cat",
        "Cat",
        "cats",
        "—",
        "a—b",
        "U.S.",
        "é",
        "É",
        "1,000",
        "_a_",
        "ß",
    ]
)
TEXT = st.one_of(st.lists(WORDS, max_size=6).map(" ".join), st.text(max_size=20))


def test_articles_punctuation_case_and_blanks_do_not_count() -> None:
    assert normalise_answer("  The  U.S. Army's\ta-team ") == "us armys ateam"
    assert normalise_answer("an apple, a day") == "apple day"
    assert normalise_answer("theatre") == "theatre"


def test_the_best_gold_answer_counts() -> None:
    assert exact_match("the cat", ["dog", "Cat!"]) == 1.0
    assert f1("black cat", ["cat", "dog"]) == pytest.approx(2 / 3)
    assert f1("cat cat", ["cat"]) == pytest.approx(2 / 3)
    assert f1("bird", ["cat", "dog"]) == 0.0


def test_without_gold_answers_only_the_empty_prediction_is_right() -> None:
    assert (exact_match("", []), f1("", [])) == (1.0, 1.0)
    assert (exact_match("cat", []), f1("cat", [])) == (0.0, 0.0)
    assert (exact_match("The", []), f1("The", [])) == (1.0, 1.0)
    assert (exact_match("", ["cat"]), f1("", ["cat"])) == (0.0, 0.0)


@given(prediction=TEXT, golds=st.lists(TEXT, max_size=4))
def test_the_scores_are_those_of_the_reference(prediction: str, golds: list[str]) -> None:
    assert exact_match(prediction, golds) == reference_exact_match(prediction, golds)
    assert f1(prediction, golds) == pytest.approx(reference_f1(prediction, golds), abs=1e-12)


@pytest.mark.real
@pytest.mark.parametrize("name", ["squad/dev-v2.0.json", "squadshifts/new_wiki_v1.0.json"])
def test_real_answers_score_as_in_the_reference(name: str) -> None:
    root = json.loads(shared(f"data/{name}").read_text(encoding="utf-8"))
    compared = 0
    for article in root["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                golds = [answer["text"] for answer in question["answers"]]
                for guess in (*golds, "", "the " + paragraph["context"][:40]):
                    assert exact_match(guess, golds) == reference_exact_match(guess, golds)
                    assert f1(guess, golds) == pytest.approx(reference_f1(guess, golds), abs=1e-12)
                    compared += 1
    assert compared > 5000

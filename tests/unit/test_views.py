"""What a token, an axis, a mark and an answer look like, the same in every front end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bertscope_tui.analysis.projection import Recipe
from bertscope_tui.data.records import Answer
from bertscope_tui.engine.encoding import Token
from bertscope_tui.engine.roles import ROLES
from bertscope_tui.engine.scoring import SampleScore, Scores
from bertscope_tui.inspection.snapshots import Extraction, Pictures
from bertscope_tui.inspection.views import (
    COLOUR_MODES,
    ROLE_NAMES,
    Look,
    answers_line,
    axis_titles,
    legend,
    mark,
    mispredicted,
    picture_words,
    points,
    stamps,
    token_label,
    token_look,
)
from bertscope_tui.themes import bundled_themes
from tests.tui.fakes import extraction_of, pictures_of, sample_of

LOOK = Look(bundled_themes()["dusk"])
PLAIN = Look(bundled_themes()["dusk"], ascii=True)
RIGHT, WRONG = Scores(1.0, 1.0), Scores(0.0, 0.5)


@pytest.fixture
def extraction() -> Extraction:
    return extraction_of(sample_of(0, words=40), wrong=True)


def test_every_role_has_a_name_and_a_look_of_its_own(extraction: Extraction) -> None:
    assert set(ROLE_NAMES) == set(ROLES)
    by_role = {
        role: token_look(extraction, index, "roles", LOOK)
        for index, role in enumerate(extraction.roles)
    }
    assert set(by_role) == set(ROLES)
    assert len({glyph for glyph, _ in by_role.values()}) == len(ROLES)
    assert by_role["answer"] == (
        LOOK.theme.roles["answer"].glyph,
        LOOK.theme.roles["answer"].colour,
    )


@pytest.mark.parametrize("mode", COLOUR_MODES)
def test_in_ascii_every_glyph_of_every_mode_is_ascii(extraction: Extraction, mode: str) -> None:
    for index in range(len(extraction.tokens)):
        glyph, _ = token_look(extraction, index, mode, PLAIN)  # type: ignore[arg-type]
        assert glyph.isascii()
        assert len(glyph) == 1
    for glyph, _, _ in legend(extraction, mode, PLAIN):  # type: ignore[arg-type]
        assert glyph.isascii()


def test_sentences_are_told_apart_by_number_and_colour(extraction: Extraction) -> None:
    looks: dict[int, set[tuple[str, str]]] = {}
    for index, sentence in enumerate(extraction.sentences):
        if sentence is not None:
            looks.setdefault(sentence, set()).add(token_look(extraction, index, "sentences", LOOK))
    assert sorted(looks) == [0, 1, 2, 3, 4]
    assert [sorted(one)[0][0] for one in looks.values()] == ["1", "2", "3", "4", "5"]
    assert all(len(one) == 1 for one in looks.values())
    assert len({colour for one in looks.values() for _, colour in one}) == 5


def test_question_and_special_tokens_have_marks_of_their_own_among_sentences(
    extraction: Extraction,
) -> None:
    assert token_look(extraction, 1, "sentences", LOOK)[0] == "?"
    assert token_look(extraction, 0, "sentences", LOOK)[0] == LOOK.glyph("special")


def test_a_hundred_sentences_go_round_the_marks_and_colours() -> None:
    long = extraction_of(sample_of(0, words=800))
    glyphs = [token_look(long, n, "sentences", LOOK)[0] for n in range(len(long.tokens))]
    assert {"1", "9", "a", "z"} <= set(glyphs)
    assert all(len(glyph) == 1 for glyph in glyphs)


def test_positions_are_tenths_in_rising_order(extraction: Extraction) -> None:
    count = len(extraction.tokens)
    looks = [token_look(extraction, index, "position", LOOK) for index in range(count)]
    digits = [int(glyph) for glyph, _ in looks]
    assert digits == sorted(digits)
    assert digits[0] == 0
    assert digits[-1] == 9
    ramp = LOOK.theme.ramp
    assert looks[0][1] == ramp[0]
    assert looks[-1][1] == ramp[-1]


def test_there_is_a_point_for_every_token_shown_at_its_coordinates(extraction: Extraction) -> None:
    pictures = pictures_of(extraction)
    made = points(pictures, 5, stamps(pictures, "roles", LOOK))
    assert [point.token for point in made] == pictures.projection.shown.tolist()
    place = pictures.projection.coordinates[5][7]
    assert (made[7].x, made[7].y) == pytest.approx(tuple(place.tolist()))


def test_points_of_more_important_roles_are_drawn_over_the_others(extraction: Extraction) -> None:
    pictures = pictures_of(extraction, special=True)
    priority = {
        extraction.roles[point.token]: point.priority
        for point in points(pictures, 0, stamps(pictures, "roles", LOOK))
    }
    assert sorted(priority, key=lambda role: -priority[role]) == list(ROLES)


def test_a_token_is_named_by_its_text_and_a_special_one_by_its_piece(
    extraction: Extraction,
) -> None:
    assert token_label(extraction, 0) == "[CLS]"
    assert token_label(extraction, 1) == "Where"

    def label(text: str, piece: str) -> str:
        token = Token(0, piece, text, "context", 0, len(text))
        return token_label(replace(extraction, tokens=(token,)), 0)

    assert label("", "Ġ") == "Ġ"
    assert label("\x1b[31m", "x") == "␛[31m"
    assert label(" \n ", "▁") == "▁"


def test_the_legend_lists_what_is_shown_the_most_important_first(extraction: Extraction) -> None:
    shown = extraction.shown(special=False, outliers=False)
    meanings = [meaning for _, _, meaning in legend(extraction, "roles", LOOK, shown=shown)]
    assert meanings == [ROLE_NAMES[role] for role in ROLES if role != "special"]
    assert len(legend(extraction, "roles", LOOK)) == len(ROLES)
    short = [meaning for _, _, meaning in legend(extraction, "roles", LOOK, short=True)]
    assert short == list(ROLES)


def test_a_legend_of_many_sentences_says_how_many_there_are() -> None:
    long = extraction_of(sample_of(0, words=120))
    entries = legend(long, "sentences", LOOK)
    assert [glyph for glyph, _, _ in entries[:9]] == list("123456789")
    assert any("15 sentences" in meaning for _, _, meaning in entries)


def _with(pictures: Pictures, **recipe: Any) -> Pictures:
    projection = replace(pictures.projection, recipe=Recipe(**recipe))
    return replace(pictures, projection=projection)


def test_axes_that_were_turned_share_the_variance_of_the_two_components(
    extraction: Extraction,
) -> None:
    pictures = _with(pictures_of(extraction), aligned=True)
    first, second = axis_titles(pictures, 3)
    assert (first[:5], second[:5]) == ("PC1' ", "PC2' ")
    assert first.endswith("% of variance")
    shares = [float(title.split()[1].rstrip("%")) for title in (first, second)]
    assert sum(shares) == pytest.approx(
        float(pictures.projection.explained[3].sum()) * 100, abs=0.11
    )


def test_axes_of_the_other_methods_claim_no_variance(extraction: Extraction) -> None:
    pictures = pictures_of(extraction)
    assert axis_titles(_with(pictures, method="ica"), 3) == ("IC1", "IC2")
    assert axis_titles(_with(pictures, method="tsne"), 3) == ("t-SNE 1", "t-SNE 2")


def test_a_picture_says_how_it_was_made_and_how_far_to_trust_it(extraction: Extraction) -> None:
    pictures = pictures_of(extraction)
    assert picture_words(pictures, 0) == "PCA; 75.0% of the variance; trustworthiness 0.90"
    joint = _with(pictures, method="ica", fit="joint", seed=3)
    assert picture_words(joint, 0).startswith("ICA of all layers together, seed 3; 75.0%")
    nothing = np.full_like(pictures.projection.explained, np.nan)
    turned = _with(pictures, method="tsne")
    turned = replace(turned, projection=replace(turned.projection, explained=nothing))
    words = picture_words(turned, 0)
    assert words == "t-SNE, turned onto its neighbour, seed 0; trustworthiness 0.90"


def test_a_picture_says_what_it_was_turned_onto_and_nothing_where_it_was_not(
    extraction: Extraction,
) -> None:
    pictures = _with(pictures_of(extraction), aligned=True)
    assert picture_words(pictures, 3).startswith("PCA, turned onto the layer below; ")
    edited = replace(pictures, onto="before")
    assert picture_words(edited, 3).startswith("PCA, turned onto that before the edit; ")
    assert picture_words(edited, 0).startswith("PCA, turned onto that before the edit; ")
    # No layer is below the embeddings: there the turning begins.
    assert picture_words(pictures, 0).startswith("PCA; ")
    assert axis_titles(pictures, 0)[0].startswith("PC1 ")


def test_axis_titles_give_the_variance_of_each_component(extraction: Extraction) -> None:
    pictures = pictures_of(extraction)
    assert axis_titles(pictures, 0) == ("PC1 50.0% of variance", "PC2 25.0%")
    assert axis_titles(pictures, 12) == ("PC1 44.0% of variance", "PC2 19.0%")


def test_right_wrong_and_unknown_have_three_marks_also_in_ascii() -> None:
    marks = [mark(scores) for scores in (RIGHT, WRONG, None)]
    plain = [mark(scores, ascii=True) for scores in (RIGHT, WRONG, None)]
    assert len(set(marks)) == len(set(plain)) == 3
    assert all(sign.isascii() for sign in plain)


@pytest.mark.parametrize(
    ("scores", "expected"), [(WRONG, True), (RIGHT, False), (None, False), (Scores(0, 1), True)]
)
def test_only_a_scored_answer_that_is_not_an_exact_match_is_mispredicted(
    scores: Scores | None, expected: bool
) -> None:
    assert mispredicted(SampleScore("a", "x", 0.5, scores)) is expected


def test_gold_answers_are_one_clean_line_without_repetitions() -> None:
    sample = sample_of(0)
    answers = tuple(Answer(text) for text in ("one", "two\n\x1b[31m", "one"))
    assert answers_line(replace(sample, answers=answers)) == "one | two ␛[31m"
    assert answers_line(replace(sample, answers=())) == "(none given)"
    assert answers_line(replace(sample, answers=(), impossible=True)) == "(no answer in the text)"

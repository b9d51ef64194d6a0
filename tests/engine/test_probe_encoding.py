"""From labelled characters to tokens, and from tokens to states, for every kind of tokenizer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.probing.records import ProbeData, ProbeExample, ProbeTarget
from bertscope_tui.data.records import Origin, Span
from bertscope_tui.engine.forward import forward
from bertscope_tui.engine.probe_encoding import EncodedProbe, Lost, covering, encode_probe
from bertscope_tui.engine.probe_features import extract
from bertscope_tui.errors import Cancelled, DataError, EngineError
from bertscope_tui.models.loading import load_model
from tests.tiny_models import KINDS, MIXES_PADDING, tiny_folder, tiny_model

TEXT = "The lantern maker walked from the harbour to the old mill; a café sold 42 kinds of bread."
QUESTION = "Where did the lantern maker go?"


def example(text: str, *spans: tuple[str, ...], name: str = "e", pair: int | None = None):
    targets = tuple(
        ProbeTarget(tuple(Span(text.index(one), text.index(one) + len(one)) for one in own), ("x",))
        for own in spans
    )
    return ProbeExample(name, text, targets, name, Origin("", ""), pair, "train")


def data_of(*examples: ProbeExample) -> ProbeData:
    spans = len(examples[0].targets[0].spans)
    return ProbeData("nel", "made", "made.jsonl", spans, ("x",), examples)


def tokens_of(encoded: EncodedProbe, window: int, target: int, span: int) -> list[int]:
    """Return the vocabulary entries of a target's span, by the rows of the table."""
    first, count = encoded.spans[target, span]
    start = first - encoded.first_rows[window]
    places = encoded.tokens[window][start : start + count]
    return [encoded.windows[window].input_ids[place] for place in places]


@pytest.mark.parametrize("kind", [*KINDS, MIXES_PADDING])
def test_the_tokens_of_a_span_are_those_that_its_words_have_in_the_text(kind):
    model = tiny_model(kind)
    words = ("lantern maker", "harbour", "mill", "café", "42", "bread")
    encoded = encode_probe(data_of(example(TEXT, *((word,) for word in words))), model)
    assert encoded.lost == Lost()
    assert encoded.targets.tolist() == [[0, place] for place in range(len(words))]
    for place, word in enumerate(words):
        found = model.tokenizer.decode(tokens_of(encoded, 0, place, 0)).strip()
        plain = "".join(one for one in found if one not in " \ufffd").casefold()
        wanted = word.replace(" ", "").casefold()
        # A vocabulary without a letter says unknown, or takes its accent off.
        known = "[UNK]" in found or "<unk>" in found.casefold()
        assert known or plain == wanted or plain == wanted.replace("é", "e")


@pytest.mark.parametrize("kind", KINDS)
def test_spans_of_a_question_and_its_context_lie_in_their_own_part(kind):
    model = tiny_model(kind)
    text = f"{QUESTION} {TEXT}"
    spans = [("lantern maker go",), ("walked from",), ("bread.",)]
    encoded = encode_probe(data_of(example(text, *spans, pair=len(QUESTION) + 1)), model)
    decoded = [model.tokenizer.decode(tokens_of(encoded, 0, place, 0)) for place in range(3)]
    plain = [text.replace(" ", "").casefold() for text in decoded]
    assert plain == ["lanternmakergo", "walkedfrom", "bread."]


def test_targets_behind_the_end_of_the_window_are_counted_and_others_kept():
    model = tiny_model("bert")
    text = " ".join([TEXT] * 8) + " Mary carried pears."
    data = data_of(example(text, ("harbour",), ("Mary carried",), ("pears",)))
    encoded = encode_probe(data, model, max_tokens=40)
    assert encoded.lost == Lost(truncated=2)
    assert encoded.targets.tolist() == [[0, 0]]
    assert len(encoded.windows[0].input_ids) == 40


def test_a_span_that_is_cut_in_the_middle_is_lost():
    model = tiny_model("bert")
    text = "the mill the garden gate " * 8
    data = ProbeData(
        "nel",
        "made",
        "made",
        1,
        ("x",),
        (
            ProbeExample(
                "e",
                text,
                (
                    ProbeTarget((Span(0, 8),), ("x",)),
                    ProbeTarget((Span(0, len(text)),), ("x",)),
                ),
                "e",
                Origin("", ""),
            ),
        ),
    )
    encoded = encode_probe(data, model, max_tokens=12)
    assert encoded.lost == Lost(truncated=1)
    assert len(encoded.targets) == 1


def test_a_question_that_is_cut_loses_its_own_spans():
    model = tiny_model("bert")
    question = "the mill the garden gate " * 8
    text = f"{question}mary carried pears"
    whole = ProbeTarget((Span(0, len(question) - 1),), ("x",))
    one = example(text, ("mary",), pair=len(question))
    one = ProbeExample(one.id, text, (*one.targets, whole), "e", one.origin, one.pair)
    encoded = encode_probe(data_of(one), model, max_tokens=20)
    assert encoded.lost == Lost(truncated=1)
    assert encoded.targets.tolist() == [[0, 0]]


def test_a_span_without_a_token_is_counted():
    model = tiny_model("bert")
    text = "the mill   the garden"
    blanks = ProbeTarget((Span(8, 11),), ("x",))
    one = ProbeExample("e", text, (*example(text, ("mill",)).targets, blanks), "e", Origin("", ""))
    encoded = encode_probe(data_of(one), model)
    assert encoded.lost == Lost(untokenised=1)
    assert encoded.lost.count == 1


def test_data_without_any_token_in_its_spans_is_refused():
    one = ProbeExample("e", "the  mill", (ProbeTarget((Span(3, 5),), ("x",)),), "e", Origin("", ""))
    with pytest.raises(DataError, match="no span"):
        encode_probe(data_of(one), tiny_model("bert"))


def test_half_a_surrogate_does_not_move_what_stands_behind_it():
    model = tiny_model("bert")
    encoded = encode_probe(data_of(example("the \ud800 mill", ("mill",))), model)
    assert model.tokenizer.decode(tokens_of(encoded, 0, 0, 0)) == "mill"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=12),
    st.integers(0, 40),
    st.integers(1, 12),
)
def test_covering_takes_every_token_that_shares_a_character_and_no_other(steps, start, length):
    offsets, at = [(0, 0)], 0
    for gap, size in steps:
        offsets.append((at + gap, at + gap + size))
        at += gap + size
    span = Span(start, start + length)
    found = covering(np.asarray(offsets, dtype=np.int64), span)
    shared = [
        place
        for place, (first, end) in enumerate(offsets)
        if set(range(first, end)) & set(range(span.start, span.end))
    ]
    assert found == ((shared[0], shared[-1] + 1) if shared else None)


@pytest.mark.parametrize("kind", ["bert", "gpt2", MIXES_PADDING])
def test_states_are_those_of_the_network_at_the_tokens_of_the_spans(kind):
    model = tiny_model(kind)
    texts = [TEXT, "Mary carried a basket of pears to the mill.", f"{TEXT} {TEXT}"]
    data = data_of(
        *(example(text, ("mill",), ("to the",), name=str(n)) for n, text in enumerate(texts))
    )
    encoded = encode_probe(data, model)
    layers, dim = model.info.layers + 1, model.info.hidden_size
    table = np.full((encoded.rows, layers, dim), np.nan, np.float32)

    def write(first, states):
        table[first : first + len(states)] = states

    told = []
    extract(model, encoded, write, progress=lambda done, total: told.append((done, total)))
    assert np.isfinite(table).all()
    assert told[-1][0] == told[-1][1] == sum(len(one.input_ids) for one in encoded.windows)
    for place, window in enumerate(encoded.windows):
        (output,) = forward(model, [window], hidden=True)
        first, tokens = encoded.first_rows[place], encoded.tokens[place]
        np.testing.assert_allclose(
            table[first : first + len(tokens)],
            output.hidden[:, tokens].transpose(1, 0, 2),
            atol=1e-4,
        )


def test_reading_and_running_stop_when_they_are_cancelled():
    model = tiny_model("bert")
    data = data_of(example(TEXT, ("mill",)))
    with pytest.raises(Cancelled):
        encode_probe(data, model, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        extract(model, encode_probe(data, model), lambda *_: None, cancelled=lambda: True)


def test_states_that_are_not_finite_name_their_layer():
    model = load_model(tiny_folder("bert"), device="cpu")
    model.network.bert.encoder.layer[0].output.LayerNorm.bias.data[3] = float("nan")
    with pytest.raises(EngineError, match="layer 1 are not finite"):
        extract(model, encode_probe(data_of(example(TEXT, ("mill",))), model), lambda *_: None)


def test_the_hash_tells_other_texts_and_other_spans_apart_but_not_other_labels():
    model = tiny_model("bert")
    one = encode_probe(data_of(example(TEXT, ("mill",))), model).sha256()
    assert one == encode_probe(data_of(example(TEXT, ("mill",), name="f")), model).sha256()
    assert one != encode_probe(data_of(example(TEXT, ("old mill",))), model).sha256()
    assert one != encode_probe(data_of(example(f"{TEXT} x", ("mill",))), model).sha256()

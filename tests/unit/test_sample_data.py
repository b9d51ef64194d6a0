"""The bundled stories, the generator that made them, and the files of the bundled model."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from bertscope_tui.paths import resources

SAMPLE = resources("sample_data")
MODEL = SAMPLE / "models" / "stories-bert"


BUILD = SAMPLE / "build"


def _script(name: str) -> ModuleType:
    """Import a script of the build folder, which is no package, under its own name."""
    if str(BUILD) not in sys.path:
        sys.path.append(str(BUILD))
    return importlib.import_module(name)


story_tasks = _script("story_tasks")
stories = _script("stories")
TASKS = {task.number: task for task in story_tasks.TASKS}
MOVE = re.compile(r"(\w+) (?:walked|hurried|strolled|wandered|ran) to the (\w+)\.")

Line = tuple[int, str, str | None, list[int]]


def _parse(lines: list[str]) -> Iterator[list[Line]]:
    """Read the bAbI format independently: stories as lists of (id, text, answer, supporting)."""
    story: list[Line] = []
    for line in lines:
        number, rest = line.split(" ", 1)
        if number == "1" and story:
            yield story
            story = []
        text, *columns = rest.split("\t")
        answer = columns[0] if columns else None
        story.append(
            (int(number), text, answer, [int(n) for n in columns[1].split()] if columns else [])
        )
    yield story


def _questions(number: int, count: int) -> Iterator[tuple[dict[int, str], str, str, list[int]]]:
    """Yield (statements before it by id, question, answer, supporting ids) of made stories."""
    for story in islice(stories.stories(TASKS[number], "train", seed=5), count):
        before: dict[int, str] = {}
        [parsed] = _parse(stories.lines_of(story))
        for identity, text, answer, supporting in parsed:
            if answer is None:
                before[identity] = text
            else:
                yield dict(before), text, answer, supporting


def test_the_same_seed_tells_the_same_stories(tmp_path: Path) -> None:
    first = stories.write(tmp_path / "a", "train", 50, seed=3)
    second = stories.write(tmp_path / "b", "train", 50, seed=3)
    other = stories.write(tmp_path / "c", "train", 50, seed=4)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert all(a.read_bytes() != b.read_bytes() for a, b in zip(first, other, strict=True))


def test_files_carry_the_names_that_readers_of_babi_folders_look_for(tmp_path: Path) -> None:
    names = [path.name for path in stories.write(tmp_path, "test", 5)]
    assert all(re.fullmatch(r"qa\d+_[a-z-]+_test\.txt", name) for name in names)
    assert len(set(names)) == len(story_tasks.TASKS)


@pytest.mark.parametrize("number", sorted(TASKS))
def test_supporting_ids_name_earlier_statements_and_never_questions(number: int) -> None:
    for before, _, _, supporting in _questions(number, 200):
        assert supporting
        assert len(set(supporting)) == len(supporting)
        assert set(supporting) <= set(before)


@pytest.mark.parametrize("number", sorted(TASKS))
def test_answers_stand_in_a_supporting_statement_as_a_whole_word(number: int) -> None:
    for before, _, answer, supporting in _questions(number, 200):
        told = " ".join(before[identity] for identity in supporting)
        assert re.search(rf"\b{answer}\b", told)


def test_no_question_comes_before_the_third_line() -> None:
    for task in story_tasks.TASKS:
        for story in islice(stories.stories(task, "train", seed=6), 200):
            assert all(isinstance(item, str) for item in story.items[:2])
            assert not isinstance(story.items[-1], str)


def _person_asked(question: str) -> str:
    found = re.fullmatch(r"Where is (\w+) now\?|In which place is (\w+)\?", question)
    assert found is not None, question
    return found[1] or found[2]


@pytest.mark.parametrize("number", [1, 11, 12, 13])
def test_a_person_is_where_the_last_statement_about_them_says(number: int) -> None:
    """Walk through the story, resolving pronouns to the subject of the last named statement."""
    for before, question, answer, supporting in _questions(number, 200):
        asked = _person_asked(question)
        at: dict[str, str] = {}
        proof: dict[str, list[int]] = {}
        subject: list[str] = []
        named = 0
        for identity, text in before.items():
            place = text.removesuffix(".").split()[-1]
            pronoun = re.search(r" (he|she|they) ", text)
            if pronoun is None:
                subject, named = re.findall(r"\b[A-Z]\w+", text), identity
            else:
                assert (pronoun[1] == "they") == (len(subject) == 2)
            for who in subject:
                at[who] = place
                proof[who] = sorted({named, identity})
        assert at[asked] == answer
        assert proof[asked] == sorted(supporting)


def test_a_thing_is_where_its_last_carrier_took_it() -> None:
    for before, question, answer, supporting in _questions(2, 300):
        [thing] = set(question.removesuffix("?").split()) & set(story_tasks.THINGS)
        person_at: dict[str, tuple[str, int]] = {}
        carrier: tuple[str, int] | None = None
        lies: tuple[str, int, int] | None = None
        for identity, text in before.items():
            if moved := MOVE.fullmatch(text):
                person_at[moved[1]] = (moved[2], identity)
            elif text.endswith(f" {thing}."):
                who = text.split()[0]
                if re.search(r" (left|put down) ", text):
                    assert carrier is not None
                    assert carrier[0] == who
                    carrier, lies = None, (person_at[who][0], identity, person_at[who][1])
                else:
                    assert lies is None or person_at[who][0] == lies[0]
                    carrier, lies = (who, identity), None
        if carrier is None:
            assert lies is not None
            found, proof = lies[0], {lies[1], lies[2]}
        else:
            found, proof = person_at[carrier[0]][0], {carrier[1], person_at[carrier[0]][1]}
        assert found == answer
        assert proof == set(supporting)


def test_deduction_goes_from_the_person_to_the_kind_to_what_it_is_wary_of() -> None:
    for before, question, answer, supporting in _questions(15, 300):
        asked = question.split()[2]
        kind: dict[str, tuple[str, int]] = {}
        wary: dict[str, tuple[str, int]] = {}
        for identity, text in before.items():
            if rule := re.fullmatch(r"(\w+) are wary of (\w+)\.", text):
                wary[rule[1].lower()] = (rule[2], identity)
            elif fact := re.fullmatch(r"(\w+) is an? (\w+)\.", text):
                kind[fact[1]] = (story_tasks.ANIMALS[fact[2]], identity)
        plural, first = kind[asked]
        assert wary[plural] == (answer, (set(supporting) - {first}).pop())
        assert first in supporting


def test_induction_has_one_example_of_the_kind_and_its_colour_decides() -> None:
    for before, question, answer, supporting in _questions(16, 300):
        asked = question.removesuffix("?").split()[-1]
        kind: dict[str, str] = {}
        colour: dict[str, str] = {}
        about: dict[str, set[int]] = {}
        for identity, text in before.items():
            who, _, *words = text.removesuffix(".").split()
            about.setdefault(who, set()).add(identity)
            for word in words:
                if word in story_tasks.COLOURS:
                    colour[who] = word
                elif word in story_tasks.ANIMALS:
                    kind[who] = word
        assert asked not in colour
        [like] = [who for who in colour if kind[who] == kind[asked]]
        assert colour[like] == answer
        assert set(supporting) == about[asked] | about[like]


def test_neighbours_fit_one_map_and_the_asked_one_is_told() -> None:
    back = {"north": "south", "south": "north", "east": "west", "west": "east"}
    for before, question, answer, supporting in _questions(4, 300):
        facts = set()
        for text in before.values():
            found = re.fullmatch(r"The (\w+) is just (\w+) of the (\w+)\.", text)
            assert found is not None
            facts |= {(found[1], found[2], found[3]), (found[3], back[found[2]], found[1])}
        if found := re.fullmatch(r"What is just (\w+) of the (\w+)\?", question):
            fitting = {one for one, way, other in facts if (way, other) == (found[1], found[2])}
        else:
            found = re.fullmatch(r"What is the (\w+) just (\w+) of\?", question)
            assert found is not None
            fitting = {other for one, way, other in facts if (one, way) == (found[1], found[2])}
        assert fitting == {answer}
        assert answer in before[supporting[0]]


def test_the_last_gift_that_fits_is_the_one_asked_for() -> None:
    for before, question, answer, supporting in _questions(5, 300):
        gifts = []
        for identity, text in before.items():
            found = re.fullmatch(r"(\w+) \w+ the (\w+) to (\w+)\.", text)
            assert found is not None
            gifts.append((identity, found[1], found[2], found[3]))
        if found := re.fullmatch(r"What did (\w+) last give to (\w+)\?", question):
            fitting = [(n, thing) for n, a, thing, b in gifts if (a, b) == (found[1], found[2])]
        else:
            asked = question.removesuffix("?").split()[-1]
            side = 1 if "give away" in question else 3
            fitting = [(gift[0], str(gift[side])) for gift in gifts if gift[2] == asked]
        assert fitting[-1] == (supporting[0], answer)


def test_no_beginning_is_in_both_splits() -> None:
    beginnings = {
        split: {
            story.statements[:2]
            for task in story_tasks.TASKS
            for story in islice(stories.stories(task, split, seed=8), 300)
        }
        for split in ("train", "test")
    }
    assert not beginnings["train"] & beginnings["test"]


def test_bundled_test_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    written = stories.write(tmp_path, "test", stories.BUNDLED_QUESTIONS)
    bundled = sorted(path.name for path in (SAMPLE / "stories").glob("*.txt"))
    assert bundled == sorted(path.name for path in written)
    for path in written:
        assert path.read_bytes() == (SAMPLE / "stories" / path.name).read_bytes()


def test_no_bundled_context_occurs_in_training_stories_of_the_default_seed() -> None:
    train = {
        story.statements[:2]
        for task in story_tasks.TASKS
        for story in stories.take(task, "train", 5000)
    }
    for path in (SAMPLE / "stories").glob("*.txt"):
        for story in _parse(path.read_text(encoding="utf-8").splitlines()):
            told = tuple(text for _, text, answer, _ in story if answer is None)
            assert told[:2] not in train


def test_answers_of_the_natural_questions_stand_where_they_are_said_to_stand() -> None:
    topics = json.loads((SAMPLE / "topics.json").read_text(encoding="utf-8"))
    identities = []
    for article in topics["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                identities.append(question["id"])
                for answer in question["answers"]:
                    start, text = answer["answer_start"], answer["text"]
                    assert paragraph["context"][start : start + len(text)] == text
    assert len(identities) == len(set(identities))
    assert len(identities) >= 10


def test_the_bundled_model_is_small_and_has_a_card() -> None:
    assert sum(path.stat().st_size for path in MODEL.iterdir()) < 25_000_000
    card = json.loads((MODEL / "bertscope_card.json").read_text(encoding="utf-8"))
    assert card["base"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert card["head"] == "span"
    assert card["licence"] == "Apache-2.0"
    assert card["seed"] == stories.DEFAULT_SEED
    assert set(card["scores"]["tasks"]) == {str(number) for number in TASKS}
    assert {"data", "versions", "settings"} <= set(card)
    # Guessing among the possible answers that occur in the story gives .31.
    assert card["score"] > 0.9


def test_the_notice_credits_the_base_of_the_model() -> None:
    notice = (SAMPLE / "NOTICE").read_text(encoding="utf-8")
    assert "all-MiniLM-L6-v2" in notice
    assert "microsoft/MiniLM" in notice
    assert "Apache" in notice


def test_the_bundled_tokenizer_knows_every_word_of_the_stories_and_gives_offsets() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    assert tokenizer.is_fast
    for path in (SAMPLE / "stories").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        encoded = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
        assert tokenizer.unk_token_id not in encoded["input_ids"]
        for piece, (start, end) in zip(encoded.tokens(), encoded["offset_mapping"], strict=True):
            assert text[start:end].lower() == piece.removeprefix("##")


def test_the_bundled_weights_are_half_precision_and_answer_a_bundled_question() -> None:
    import torch
    from safetensors import safe_open
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    with safe_open(MODEL / "model.safetensors", framework="pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118
    network = AutoModelForQuestionAnswering.from_pretrained(MODEL, dtype=torch.float32).eval()
    assert type(network).__name__ == "BertForQuestionAnswering"
    assert network.config.max_position_embeddings == 512
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    context = "Nora walked to the mill. Otto ran to the pier. Nora strolled to the barn."
    encoded = tokenizer(
        "Where is Otto now?", context, return_tensors="pt", return_offsets_mapping=True
    )
    offsets = encoded.pop("offset_mapping")[0]
    with torch.inference_mode():
        output = network(**encoded)
    start, end = int(output.start_logits.argmax()), int(output.end_logits.argmax())
    assert context[int(offsets[start][0]) : int(offsets[end][1])] == "pier"


def test_the_engine_scores_the_bundled_model_as_its_card_does() -> None:
    """The card was written from unrounded weights, so a question or two may differ."""
    from bertscope_tui.data.open import open_dataset
    from bertscope_tui.data.scoring import f1
    from bertscope_tui.engine.answers import predict
    from bertscope_tui.engine.encoding import encode
    from bertscope_tui.engine.forward import forward
    from bertscope_tui.models.loading import load_model

    model = load_model(MODEL, device="cpu")
    samples = open_dataset(SAMPLE / "stories", variant="span").samples
    encoded = [encode(sample, model) for sample in samples]
    outputs = forward(model, [one.windows[0] for one in encoded], hidden=False)
    scores: dict[str, list[float]] = {}
    for sample, one, output in zip(samples, encoded, outputs, strict=True):
        assert len(one.windows) == 1
        prediction = predict(one, [output])
        assert prediction is not None
        golds = [answer.text for answer in sample.answers]
        scores.setdefault(sample.task_name or "", []).append(f1(prediction.text, golds))
    card = json.loads((MODEL / "bertscope_card.json").read_text(encoding="utf-8"))
    every = [score for task in scores.values() for score in task]
    assert len(every) == card["scores"]["questions"]
    assert sum(every) / len(every) == pytest.approx(card["score"], abs=0.01)
    for task, score in card["scores"]["tasks"].items():
        assert sum(scores[task]) / len(scores[task]) == pytest.approx(score, abs=0.06)

from __future__ import annotations

import contextlib
import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.open import VARIANTS, guess_format, open_dataset
from bertscope_tui.data.records import Dataset
from bertscope_tui.errors import Cancelled, DataError

SQUAD = {
    "version": "1.1",
    "data": [
        {
            "paragraphs": [
                {
                    "context": "Ann left. Bob stayed.",
                    "qas": [
                        {
                            "id": "q",
                            "question": "Who stayed?",
                            "answers": [{"text": "Bob", "answer_start": 10}],
                        }
                    ],
                }
            ]
        }
    ],
}
HOTPOT = [
    {
        "_id": "h",
        "question": "Who stayed?",
        "answer": "Bob",
        "supporting_facts": [["T", 0]],
        "context": [["T", ["Bob stayed."]]],
    }
]
BABI = "1 Ann left.\n2 Bob stayed.\n3 Who stayed? \tBob\t2\n"
JSONL = {"question": "Who stayed?", "context": "Bob stayed.", "answers": ["Bob"]}
CONTENTS = {
    "squad": json.dumps(SQUAD),
    "hotpotqa": json.dumps(HOTPOT),
    "babi": BABI,
    "jsonl": json.dumps(JSONL) + "\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def one_line(error: pytest.ExceptionInfo[DataError], path: Path) -> str:
    message = str(error.value)
    assert message.startswith(str(path))
    assert message.isprintable()
    return message


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("format_name", list(CONTENTS))
def test_the_content_tells_the_format_and_the_name_does_not(
    tmp_path: Path, format_name: str, packed: bool, indent: int | None
) -> None:
    text = CONTENTS[format_name]
    if format_name in ("squad", "hotpotqa"):
        text = json.dumps(json.loads(text), indent=indent)
    raw = b"\xef\xbb\xbf" * (indent is None) + text.encode()
    path = tmp_path / "data.xyz"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    data = open_dataset(path)
    assert data.format == format_name == guess_format(path)
    assert data.variant == (VARIANTS[format_name] or (None,))[0]
    assert data.samples[0].answers[0].text == "Bob"
    assert data.place(data.samples[0].id) == 0


@pytest.mark.parametrize("format_name", list(CONTENTS))
def test_an_unknown_variant_is_refused_with_the_valid_ones(
    tmp_path: Path, format_name: str
) -> None:
    path = tmp_path / "data"
    path.write_text(CONTENTS[format_name], encoding="utf-8")
    with pytest.raises(DataError) as error:
        open_dataset(path, variant="nope")
    message = one_line(error, path)
    for name in VARIANTS[format_name]:
        assert name in message
        assert open_dataset(path, variant=name).variant == name


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"Once upon a time.\n", "not a known data set format"),
        (b"1 A numbered list.\n2 Without a question.\n", "not a known data set format"),
        (b"0\tThe\t(1\n1\tcat\t1)\n", "not a known data set format"),
        (bytes(range(256)) * 9, "a binary file"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, "a binary file"),
        (json.dumps(SQUAD).encode("utf-16"), "UTF-16 text (save it as UTF-8)"),
        (json.dumps(SQUAD).encode("utf-16-le"), "UTF-16 text (save it as UTF-8)"),
        (json.dumps(SQUAD).encode()[:80], "the file seems to end too early"),
        (json.dumps(SQUAD, indent=1).encode()[:-30], "too early"),
        (b'{"data": [}', "not valid JSON at line 1, column 11"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"data": ' + b"7" * 5000 + b"}", "not usable JSON"),
        (b"{}", "without 'data'"),
        (b'{"a": 1, "b": {"question": 1}}', "without 'data'"),
        (b"[]", "a list with nothing in it"),
        (b"[1, 2]", "no record has 'supporting_facts'"),
        (b'{"data": {"a": 1}}', "not SQuAD: data: an object where a list was expected"),
        (b'{"data": []}', "no questions in it"),
        (gzip.compress(BABI.encode(), mtime=0)[:-9], "damaged or truncated gzip"),
        (b"\x1f\x8bnot gzip at all", "damaged or truncated gzip"),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_line(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        open_dataset(path)
    message = one_line(error, path)
    assert expected in message


def test_a_missing_file_and_other_places_without_data_get_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "empty").mkdir()
    expected = {
        "missing.json": "no such file or folder (check the path)",
        "pipe": "not a regular file",
        "loop": "cannot be read",
        "empty": "a folder without bAbI files",
        "x" * 300: "cannot be read",
    }
    for name, what in expected.items():
        with pytest.raises(DataError) as error:
            open_dataset(tmp_path / name)
        assert what in one_line(error, tmp_path / name)
    with pytest.raises(DataError, match="cannot be read"):
        open_dataset("a\x00b")
    with pytest.raises(DataError, match="no such file"):
        open_dataset("~no-such-user-here/data.json")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_gets_one_line(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(CONTENTS["squad"], encoding="utf-8")
    path.chmod(0)
    with pytest.raises(DataError, match="no permission"):
        open_dataset(path)


def test_a_refused_read_gets_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.json"
    path.write_text(CONTENTS["squad"], encoding="utf-8")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError) as error:
        open_dataset(path)
    assert one_line(error, path).endswith("no permission to read it")


def test_a_control_sequence_in_a_file_name_does_not_reach_the_message(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        open_dataset(tmp_path / "a\x1b[31m\nb")
    assert str(error.value).isprintable()


def test_an_oversized_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(b" " * 4096))
    monkeypatch.setattr("bertscope_tui.data.files.MAX_BYTES", 1024)
    with pytest.raises(DataError, match="larger than"):
        open_dataset(path)


def test_latin_1_bytes_cost_only_the_questions_that_hold_them(tmp_path: Path) -> None:
    qas = SQUAD["data"][0]["paragraphs"][0]["qas"]  # type: ignore[index]
    root = {
        "data": [
            {"paragraphs": [{"context": "Ann left. Bob stayed.", "qas": qas}]},
            {"paragraphs": [{"context": "caf? Bob stayed.", "qas": [{**qas[0], "id": "bad"}]}]},
        ]
    }
    path = tmp_path / "latin.json"
    path.write_bytes(json.dumps(root).encode().replace(b"caf?", b"caf\xe9"))
    data = open_dataset(path)
    assert [sample.id for sample in data.samples] == ["q"]
    assert data.problems[0].where == "latin.json: data[1].paragraphs[0]"
    assert data.problems[0].what == "context: not valid UTF-8"


def test_raw_control_characters_in_json_strings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "raw.json"
    path.write_text(json.dumps(SQUAD).replace("Ann", "A\x1b\t\x00n"), encoding="utf-8")
    with pytest.raises(DataError, match=r"answer_start: 10 has"):
        open_dataset(path)
    path.write_text(json.dumps(SQUAD).replace("Ann", "\x1b\t\x00"), encoding="utf-8")
    assert open_dataset(path).samples[0].context.startswith("\x1b\t\x00 left")


def test_progress_is_told_and_a_cancelled_read_stops(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text((json.dumps(JSONL) + "\n") * 1000, encoding="utf-8")
    told: list[int] = []
    assert len(open_dataset(path, progress=told.append).samples) == 1000
    assert told == sorted(told)
    assert told[-1] == 1000
    with pytest.raises(Cancelled):
        open_dataset(path, cancelled=lambda: len(told) > 0)


def check(data: Dataset) -> None:
    """Assert what everything after the readers relies on."""
    assert data.samples
    assert len({sample.id for sample in data.samples}) == len(data.samples)
    for sample in data.samples:
        for text in (sample.id, sample.question, sample.context):
            text.encode("utf-8")
            assert text.strip()
        for answer in sample.answers:
            assert answer.span is None or answer.span.of(sample.context) == answer.text
        for span in (*sample.sentences, *sample.supporting, *sample.optional):
            assert span.start < span.end <= len(sample.context)
        assert list(sample.sentences) == sorted(sample.sentences)
    for problem in data.problems:
        assert (problem.where + problem.what).isprintable()


NAMES = (
    "data paragraphs context qas id _id question answers answer text answer_start end start "
    "is_impossible supporting_facts title sent_id sentences supporting impossible"
)
KEYS = st.sampled_from(NAMES.split())
TEXTS = st.one_of(
    st.sampled_from(["Bob", "T", "Bob stayed. Ann left.", "yes", "", " ", "\ud800", "\x1b[2J"]),
    st.text(alphabet=st.characters(codec=None), max_size=8),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 40), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=30,
)


def mutate(value: object, data: st.DataObject) -> object:
    """Replace, drop or keep parts of a valid file at any depth."""
    choice = data.draw(st.integers(0, 14))
    if choice == 0:
        return data.draw(JSON)
    if isinstance(value, dict):
        return {k: mutate(v, data) for k, v in value.items() if data.draw(st.integers(0, 14))}
    if isinstance(value, list):
        return [mutate(v, data) for v in value for _ in range(1 + (choice == 1))]
    return value


def opens_or_says_why(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    for variant in (None, "support-only", "classification"):
        refusal = ""
        try:
            check(open_dataset(path, variant=variant, keep_yes_no=True))
        except DataError as error:
            refusal = str(error)
        assert not refusal or refusal.isprintable()
    with contextlib.suppress(DataError):
        guess_format(path)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise_anything_else(folder: Path, raw: bytes) -> None:
    opens_or_says_why(folder / "bytes", raw)


@given(JSON)
def test_arbitrary_json_never_raises_anything_else(folder: Path, value: object) -> None:
    opens_or_says_why(folder / "json", json.dumps(value).encode())


@given(st.data(), st.sampled_from([SQUAD, HOTPOT, JSONL]))
@settings(max_examples=300)
def test_valid_files_with_defects_at_any_depth_never_raise_anything_else(
    folder: Path, data: st.DataObject, valid: object
) -> None:
    opens_or_says_why(folder / "mutated", json.dumps(mutate(valid, data)).encode())


@given(
    st.sampled_from(list(CONTENTS)), st.integers(0, 400), st.integers(0, 400), st.binary(max_size=6)
)
@settings(max_examples=300)
def test_files_with_a_damaged_stretch_never_raise_anything_else(
    folder: Path, format_name: str, start: int, length: int, inserted: bytes
) -> None:
    raw = CONTENTS[format_name].encode()
    opens_or_says_why(folder / "damaged", raw[:start] + inserted + raw[start + length :])


LINES = (
    "1 Ann left.|2 Bob stayed.|3 Who?\tBob\t2|4 Who?\tno\t1 2|5 Is?\tn,w|x||3 \t\t|2 \ud83d\ude00|"
    "4 Who?\tBob\tx|0 zero|99999999999 many|1|1 \x1b[31m red\x00"
)
BABI_LINES = st.sampled_from(LINES.split("|"))


@given(st.lists(BABI_LINES, max_size=12))
def test_stories_with_any_lines_never_raise_anything_else(folder: Path, lines: list[str]) -> None:
    raw = "\n".join(lines).encode("utf-8", errors="surrogatepass")
    opens_or_says_why(folder / "qa1_lines.txt", raw)


@pytest.mark.parametrize("context", ["Bob", "Bob sat .", "Bob " * 25_000, "B" * 100_000 + " Bob"])
def test_tiny_and_huge_contexts_are_read(tmp_path: Path, context: str) -> None:
    path = tmp_path / "size.jsonl"
    path.write_text(json.dumps({**JSONL, "context": context}), encoding="utf-8")
    data = open_dataset(path)
    check(data)
    assert data.samples[0].context == context

from __future__ import annotations

from pathlib import Path

import pytest

from bertscope_tui.data.catalog import find_dataset, list_datasets
from bertscope_tui.errors import DataError
from tests.unit.data.test_open import CONTENTS


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build a folder as the bundled one: a model, stories in a folder, single files, a script."""
    root = tmp_path / "sample_data"
    for folder in ("model", "stories", "more"):
        (root / folder).mkdir(parents=True)
    (root / "model" / "config.json").write_text("{}", encoding="utf-8")
    (root / "model" / "decoy.jsonl").write_text(CONTENTS["jsonl"], encoding="utf-8")
    (root / "stories" / "qa15_test.txt").write_text(CONTENTS["babi"], encoding="utf-8")
    (root / "stories" / "README.md").write_text("Generated.", encoding="utf-8")
    (root / "more" / "tiny.json").write_text(CONTENTS["squad"], encoding="utf-8")
    (root / "more" / "hot.json").write_text(CONTENTS["hotpotqa"], encoding="utf-8")
    (root / "generate.py").write_text("print('1 2')\n", encoding="utf-8")
    (root / "broken.gz").write_bytes(b"\x1f\x8b broken")
    monkeypatch.setattr("bertscope_tui.paths.resources", lambda kind: tmp_path / kind)
    return root


def test_bundled_data_sets_are_listed_with_format_and_variants(bundled: Path) -> None:
    entries = [(e.name, e.path, e.format, e.variants) for e in list_datasets()]
    assert entries == [
        ("hot", bundled / "more" / "hot.json", "hotpotqa", ("distractor", "support-only")),
        ("stories", bundled / "stories", "babi", ("span", "classification")),
        ("tiny", bundled / "more" / "tiny.json", "squad", ()),
    ]


def test_extra_places_come_after_and_nothing_is_listed_twice(bundled: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text(CONTENTS["jsonl"], encoding="utf-8")
    extra = [own, tmp_path / "missing", bundled / "stories"]
    names = [entry.name for entry in list_datasets(extra)]
    assert names == ["hot", "stories", "tiny", "own"]


def test_a_data_set_is_found_by_name_or_path(bundled: Path, tmp_path: Path) -> None:
    assert find_dataset("stories") == bundled / "stories"
    assert find_dataset(str(bundled / "broken.gz")) == bundled / "broken.gz"
    with pytest.raises(DataError, match=r"no data set 'nope' .*hot, stories, tiny"):
        find_dataset("nope")
    with pytest.raises(DataError, match="no data set"):
        find_dataset("x" * 5000)

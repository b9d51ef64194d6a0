"""Make the bundled models again, in one command: stories, the base, and its fine-tuning.

    python sample_data/build/build.py --base PATH/TO/all-MiniLM-L6-v2 --work FOLDER

The fine-tuning is the program's own verb on the program's own variant of the stories; everything
that it is told stands in ``FINETUNE`` and comes back in the model's card. It can be stopped: the
same command goes on. ``build/stories-bert.log`` is what it printed when the bundled model was made.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from bertscope_tui.models.card import DataRecord, read_card, write_card

BUILD = Path(__file__).resolve().parent
MODELS = BUILD.parent / "models"
TEST = BUILD.parent / "stories"
NAME = "stories-bert"
SEED = "20"
QUESTIONS = "9000"
FINETUNE = (
    "--base", "stories-base", "--preset", "babi-span", "--name", NAME, "--half",
    "--lr", "1.5e-4", "--batch-size", "32", "--epochs", "1", "--warmup", "100",
    "--dropout", "0", "--eval-steps", "500", "--seed", SEED,
)  # fmt: skip


def main() -> None:
    """Make what is missing and put the fine-tuned model in its place."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is on the way")
    options = parser.parse_args()
    work: Path = options.work.absolute()
    if (MODELS / NAME).exists():
        parser.error(f"{MODELS / NAME} exists; remove it to make it again")
    if not (MODELS / "stories-base").exists():
        _python(BUILD / "shrink.py", "--base", options.base, "--out", MODELS / "stories-base")
    if not (work / "train").exists():
        stories = ("--split", "train", "--questions", QUESTIONS, "--share", "--seed", SEED)
        _python(BUILD / "stories.py", *stories, "--out", work / "train")
    os.environ["BERTSCOPE_CACHE"] = str(work / "cache")
    begun = (work / "cache" / "training" / NAME / "plan.json").exists()
    words = ("--resume", NAME) if begun else ("--dataset", work / "train", *FINETUNE)
    _python("-m", "bertscope_tui", "finetune", *words)
    made = work / "cache" / "models" / NAME
    shutil.copytree(made, MODELS / NAME)
    publish(MODELS / NAME)
    _python("-m", "bertscope_tui", "evaluate", "--model", NAME, "--dataset", TEST)


def publish(folder: Path) -> None:
    """Take this machine's paths out of a card, and add the licence."""
    card = read_card(folder)
    if card is None:
        raise SystemExit(f"{folder}: no card")
    data = replace(card.data, train=_bare(card.data.train), dev=_bare(card.data.dev))
    command = tuple(
        "train" if before == "--dataset" else word
        for before, word in zip(("", *card.command), card.command, strict=False)
    )
    write_card(
        folder,
        replace(card, base_path=None, data=data, command=command, licence="Apache-2.0"),
    )


def _bare(record: DataRecord | None) -> DataRecord | None:
    if record is None:
        return None
    files = tuple(replace(one, path=f"train/{Path(one.path).name}") for one in record.files)
    return replace(record, files=files)


def _python(*words: object) -> None:
    subprocess.run([sys.executable, *map(str, words)], check=True)


if __name__ == "__main__":
    main()

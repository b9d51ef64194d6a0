"""Make a bundled model again, in one command: stories, the base, and its fine-tuning.

    python sample_data/build/build.py stories-bert --base PATH/TO/all-MiniLM-L6-v2 --work FOLDER
    python sample_data/build/build.py stories-gpt2 --base PATH/TO/all-MiniLM-L6-v2 --work FOLDER

The fine-tuning is the program's own verb on the program's own variant of the stories; everything
that it is told stands in ``FINETUNE`` and comes back in the model's card. It can be stopped: the
same command goes on. ``build/stories-bert.log`` and ``build/stories-gpt2.log`` are what it printed
when the bundled models were made.
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
ENCODER = "stories-base"
SEED = "20"
QUESTIONS = "9000"
FINETUNE = (
    "--preset", "babi-span", "--half", "--batch-size", "32", "--epochs", "1", "--dropout", "0",
    "--eval-steps", "500", "--seed", SEED,
)  # fmt: skip
OWN = {
    "stories-bert": ("--lr", "1.5e-4", "--warmup", "100"),
    "stories-gpt2": ("--lr", "3e-4", "--warmup", "200"),
}
"""What is not the same for all; networks of another kind learn best at another rate."""


def main() -> None:
    """Make what is missing and put the fine-tuned model in its place."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", choices=sorted(OWN), help="the model to make")
    parser.add_argument("--base", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is on the way")
    options = parser.parse_args()
    name: str = options.name
    work: Path = options.work.absolute()
    if (MODELS / name).exists():
        parser.error(f"{MODELS / name} exists; remove it to make it again")
    if not (MODELS / ENCODER).exists():
        _python(BUILD / "shrink.py", "--base", options.base, "--out", MODELS / ENCODER)
    if not (work / "train").exists():
        stories = ("--split", "train", "--questions", QUESTIONS, "--share", "--seed", SEED)
        _python(BUILD / "stories.py", *stories, "--out", work / "train")
    base: str | Path = ENCODER
    if name == "stories-gpt2":
        base = work / f"{name}-base"
        if not base.exists():
            _python(BUILD / "decoder.py", "--base", MODELS / ENCODER, "--out", base)
    os.environ["BERTSCOPE_CACHE"] = str(work / "cache")
    begun = (work / "cache" / "training" / name / "plan.json").exists()
    new = ("--dataset", work / "train", "--base", base, "--name", name, *FINETUNE, *OWN[name])
    _python("-m", "bertscope_tui", "finetune", *(("--resume", name) if begun else new))
    shutil.copytree(work / "cache" / "models" / name, MODELS / name)
    publish(MODELS / name)
    _python("-m", "bertscope_tui", "evaluate", "--model", name, "--dataset", TEST)


def publish(folder: Path) -> None:
    """Take this machine's paths out of a card and the weights' file mode, and add the licence."""
    card = read_card(folder)
    if card is None:
        raise SystemExit(f"{folder}: no card")
    data = replace(card.data, train=_bare(card.data.train), dev=_bare(card.data.dev))
    command = tuple(
        {"--dataset": "train", "--base": Path(word).name}.get(before, word)
        for before, word in zip(("", *card.command), card.command, strict=False)
    )
    (folder / "model.safetensors").chmod(0o644)  # it is written for the owner's eyes only
    write_card(
        folder,
        replace(
            card,
            base=None if card.base is None else Path(card.base).name,
            base_path=None,
            data=data,
            command=command,
            licence="Apache-2.0",
        ),
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

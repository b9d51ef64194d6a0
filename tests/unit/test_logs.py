"""The log file is made late, kept small and never in the way."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

from bertscope_tui.logs import start_logging


def test_the_file_is_made_with_the_first_record(tmp_path: Path):
    path = start_logging(path=tmp_path / "below" / "log")
    assert not path.parent.exists()
    logging.getLogger("bertscope_tui.x").info("first")
    assert "first" in path.read_text("utf-8")


def test_starting_twice_writes_every_record_once(tmp_path: Path):
    path = start_logging(path=tmp_path / "log")
    start_logging(path=tmp_path / "log", debug=True)
    logging.getLogger("bertscope_tui.x").debug("only with debug")
    assert path.read_text("utf-8").count("only with debug") == 1


def test_warnings_go_to_the_file_and_not_to_standard_error(tmp_path: Path, capfd):
    path = start_logging(path=tmp_path / "log")
    warnings.warn("look here", stacklevel=1)
    assert "look here" in path.read_text("utf-8")
    assert capfd.readouterr().err == ""


def test_records_are_dropped_where_no_file_can_be(tmp_path: Path, capfd):
    (tmp_path / "file").write_text("")
    start_logging(path=tmp_path / "file" / "log")
    logging.getLogger("bertscope_tui.x").error("lost")
    assert capfd.readouterr().err == ""

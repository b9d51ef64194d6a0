"""The verb ``doctor``."""

from __future__ import annotations

import builtins
import importlib.metadata
import sys

from bertscope_tui import paths


def test_doctor_tells_what_is_there(command):
    done = command("doctor", "--json")
    found = done.json
    assert (done.code, found["schema"]) == (0, "bertscope.doctor/1")
    assert {"version", "python", "packages", "devices", "caches", "terminal", "problems"} <= (
        found.keys()
    )
    assert found["packages"]["torch"]
    assert found["devices"][0]["name"] == "cpu"
    assert found["caches"]["cache"]["path"] == str(paths.cache_dir())
    assert found["terminal"]["is_terminal"] is False
    assert "Devices" in command("doctor").out


def test_a_missing_torch_is_a_problem_and_no_failure(command, monkeypatch):
    version = importlib.metadata.version

    def without_torch(name: str) -> str:
        if name == "torch":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without_torch)
    done = command("doctor", "--json")
    assert done.code == 0
    assert done.json["packages"]["torch"] is None
    assert any(problem["where"] == "torch" for problem in done.json["problems"])


def test_a_torch_that_cannot_be_imported_is_a_problem_and_no_failure(command, monkeypatch):
    real = builtins.__import__

    def broken(name: str, *rest, **more):
        if name == "torch":
            raise OSError("libtorch.so: cannot open shared object file")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", broken)
    done = command("doctor", "--json")
    assert done.code == 0
    (problem,) = [one for one in done.json["problems"] if one["where"] == "torch"]
    assert "libtorch.so" in problem["what"]


def test_broken_settings_and_themes_are_among_the_problems(command):
    config = paths.config_file()
    (config.parent / "themes").mkdir(parents=True)
    (config.parent / "themes" / "mine.toml").write_text("name = 1\ndark = 2\nother = 3")
    config.write_text("nonsense = 3\n")
    page = command("doctor").out
    assert "nonsense: no such setting" in page
    assert page.count("mine.toml") == 1
    assert page.count("mend or delete the file") == 1


def test_doctor_works_with_standard_input_closed(command, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert command("doctor", "--json").json["terminal"]["is_terminal"] is False


def test_caches_are_weighed_without_following_links(command, tmp_path):
    cache = paths.cache_dir()
    (cache / "models").mkdir(parents=True)
    (cache / "models" / "weights").write_bytes(b"x" * 5000)
    (tmp_path / "big").write_bytes(b"x" * 90000)
    (cache / "link").symlink_to(tmp_path / "big")
    size = command("doctor", "--json").json["caches"]["cache"]["bytes"]
    assert 5000 <= size < 10000

"""Settings: file, environment and what was typed, and what happens to nonsense in each."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bertscope_tui import paths
from bertscope_tui.errors import InputError
from bertscope_tui.models.devices import DTYPES as NETWORK_DTYPES
from bertscope_tui.settings import DTYPES, Settings, load_settings, save_setting


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_a_file_everything_is_as_it_comes(file):
    assert load_settings(file, {}) == (Settings(), ())


def test_the_file_beats_the_defaults_and_the_environment_beats_the_file(file):
    file.write_text('theme = "paper"\nstride = 64\nascii = true\n')
    settings, warnings = load_settings(file, {"BERTSCOPE_STRIDE": "32", "BERTSCOPE_MOUSE": "off"})
    assert settings == Settings(theme="paper", stride=32, ascii=True, mouse=False)
    assert warnings == ()


def test_what_was_typed_beats_both_and_only_what_was_typed(file):
    file.write_text('theme = "paper"\nmouse = false\n')
    settings, _ = load_settings(file, {"BERTSCOPE_STRIDE": "32"})
    assert settings.typed(theme=None, stride=8, mouse=True, ascii=None) == Settings(
        theme="paper", stride=8, mouse=True
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("stride = -1", "stride: should be a whole number from 0 up"),
        ("stride = true", "stride: should be a whole number from 0 up"),
        ("max_tokens = 3.5", "max_tokens: should be a whole number from 8 up"),
        ('ascii = "yes"', "ascii: should be true or false"),
        ("theme = 3", "theme: should be a text in quotes"),
        ('device = "gpu"', "device: should be auto, cuda, cuda:0, mps or cpu"),
        ('dtype = "int8"', "dtype: should be one of auto, float32, bfloat16, float16"),
        ("colour = 1", "colour: no such setting"),
    ],
)
def test_a_bad_line_is_reported_by_file_and_key_and_the_rest_is_used(file, line, reason):
    file.write_text(f'{line}\nmodel = "mine"\n')
    settings, (warning,) = load_settings(file, {})
    assert settings == Settings(model="mine")
    assert warning.startswith(f"{file}: {reason}")


@pytest.mark.parametrize("content", [b"theme = ", b"\xff\xfe", b"= 3", b"a = 1\na = 2\n"])
def test_a_file_that_is_not_toml_is_a_warning_and_the_environment_still_counts(file, content):
    file.write_bytes(content)
    settings, (warning,) = load_settings(file, {"BERTSCOPE_MODEL": "mine"})
    assert settings == Settings(model="mine")
    assert str(file) in warning
    assert "no settings are used" in warning


def test_a_folder_in_place_of_the_file_is_a_warning(file):
    file.mkdir()
    settings, (warning,) = load_settings(file, {})
    assert settings == Settings()
    assert str(file) in warning


def test_a_bad_variable_is_reported_by_its_name(file):
    file.write_text("stride = 5\n")
    settings, (warning,) = load_settings(file, {"BERTSCOPE_STRIDE": "many"})
    assert settings.stride == 5
    assert "BERTSCOPE_STRIDE" in warning


def test_variables_that_are_no_settings_are_nobodys_business(file):
    environment = {"BERTSCOPE_CACHE": "/x", "BERTSCOPE_CONFIG": "/y", "BERTSCOPE_THEME": ""}
    assert load_settings(file, environment) == (Settings(), ())


def test_saving_keeps_comments_and_other_keys(file):
    file.write_text('# mine\nstride = 5  # short\ntheme = "paper"\n')
    save_setting("theme", "dusk", file)
    assert file.read_text() == '# mine\nstride = 5  # short\ntheme = "dusk"\n'


def test_saving_makes_the_file_and_its_folder():
    save_setting("ascii", True)
    assert load_settings()[0].ascii is True
    assert paths.config_file().read_text() == "ascii = true\n"


def test_saving_leaves_nothing_behind_and_keeps_the_mode_and_the_link(file, tmp_path):
    real = tmp_path / "dotfiles" / "real.toml"
    real.parent.mkdir()
    real.write_text("stride = 1\n")
    real.chmod(0o600)
    file.symlink_to(real)
    save_setting("stride", 2, file)
    assert file.is_symlink()
    assert real.read_text() == "stride = 2\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert os.listdir(real.parent) == ["real.toml"]


@pytest.mark.parametrize(("key", "value"), [("colour", 1), ("stride", -1), ("dtype", "int8")])
def test_nonsense_is_not_saved(file, key, value):
    with pytest.raises(InputError, match=key):
        save_setting(key, value, file)
    assert not file.exists()


def test_a_broken_file_is_left_as_it_is(file):
    file.write_text("theme = ")
    with pytest.raises(InputError, match="not TOML"):
        save_setting("theme", "dusk", file)
    assert file.read_text() == "theme = "


def test_a_place_that_cannot_be_written_is_an_error_in_one_line(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="was not saved") as caught:
        save_setting("theme", "dusk", tmp_path / "taken" / "config.toml")
    assert "\n" not in str(caught.value)


def test_number_types_are_those_that_networks_can_be_opened_in():
    assert DTYPES == NETWORK_DTYPES

"""Where things are: bundled resources, the configuration file, the cache and the log."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resources(kind: str) -> Path:
    """Return the bundled folder ``kind`` (``"themes"`` or ``"sample_data"``).

    An installed wheel carries it inside the package; a checkout has it beside the package.
    """
    inside = _PACKAGE / "_resources" / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def cache_dir() -> Path:
    """Return the cache folder: ``BERTSCOPE_CACHE``, else the platform's (not created here)."""
    override = os.environ.get("BERTSCOPE_CACHE")
    if override:
        return Path(override).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("bertscope-tui")


def cached_models_dir() -> Path:
    """Return the folder that has one folder for each model of the user's own (may not exist)."""
    return cache_dir() / "models"


def config_file() -> Path:
    """Return the settings file: ``BERTSCOPE_CONFIG``, else the platform's (may not exist)."""
    override = os.environ.get("BERTSCOPE_CONFIG")
    if override:
        return Path(override).expanduser()
    import platformdirs

    return platformdirs.user_config_path("bertscope-tui") / "config.toml"


def log_file() -> Path:
    """Return the log file, which always has the traces that the user is not shown."""
    return cache_dir() / "bertscope-tui.log"

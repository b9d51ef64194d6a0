"""Start of the app: settings and options together, and a look at whether there is a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bertscope_tui.errors import InputError
from bertscope_tui.settings import AppOptions, load_settings

_NO_TERMINAL = """\
bertscope-tui: the app needs a terminal, and standard {which} is none. To print instead of \
drawing a screen, give a verb: 'bertscope-tui inspect' shows one sample with its answer, tokens \
and layers, 'models' and 'datasets' list what there is, 'doctor' looks at this machine; each takes \
--json and --help. '--screenshot FILE.svg' saves a picture of the app.
"""


def open_app(
    *,
    screenshot: Path | None,
    size: tuple[int, int] | None,
    debug: bool,
    variant: str | None,
    keep_yes_no: bool,
    sample: str | None,
    allow_download: bool,
    allow_pickle: bool,
    trust_remote_code: bool,
    **typed: Any,
) -> int:
    """Open the app and return its exit code; 2 where there is no terminal to open it in."""
    if screenshot is None:
        missing = [
            name
            for name, stream in (("input", sys.stdin), ("output", sys.stdout))
            if stream is None or not stream.isatty()
        ]
        if missing:
            sys.stderr.write(_NO_TERMINAL.format(which=missing[-1]))
            return 2
    elif not screenshot.parent.is_dir():
        raise InputError(f"{screenshot}: there is no folder {screenshot.parent}")
    if size is not None and screenshot is None:
        raise InputError("--size is for --screenshot; a terminal has a size of its own")
    from bertscope_tui.cli import interrupt
    from bertscope_tui.cli.output import speaks_unicode
    from bertscope_tui.logs import start_logging

    interrupt.uninstall()
    start_logging(debug=debug)
    settings, warnings = load_settings()
    settings = settings.typed(**typed)
    from bertscope_tui.tui.app import run_app

    return run_app(
        AppOptions(
            model=settings.model,
            dataset=settings.dataset,
            variant=variant,
            keep_yes_no=keep_yes_no,
            sample=sample,
            theme=settings.theme,
            ascii=settings.ascii or not speaks_unicode(),
            mouse=settings.mouse,
            device=settings.device,
            dtype=settings.dtype,
            allow_download=allow_download,
            allow_pickle=allow_pickle,
            trust_remote_code=trust_remote_code,
            max_tokens=settings.max_tokens,
            stride=settings.stride,
            debug=debug,
            screenshot=screenshot,
            size=size or (160, 48),
            warnings=warnings,
        )
    )

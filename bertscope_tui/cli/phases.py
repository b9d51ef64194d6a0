"""The verb ``phases``: which layers of a model are which phase, over a data set."""

from __future__ import annotations

from typing import Any

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import write_json, write_text


@click.command(short_help="Find the phases of a model's layers over a data set.")
@options.source
@options.part
@options.loading
@options.windows
@options.looks
@options.cache_dir
@options.as_json
@options.debug
def phases(
    *,
    limit: int | None,
    theme: str | None,
    ascii: bool | None,  # noqa: A002 - the option's name
    as_json: bool,
    debug: bool,
    **given: Any,
) -> None:
    """Find which layers cluster by meaning, connect entities, match facts and set answers apart.

    The layers are cut into the paper's phases where the scores of the samples support it; no
    phases is a result too. Right and wrong answers are told apart.
    """
    from bertscope_tui.logs import start_logging

    start_logging(debug=debug)
    from bertscope_tui.cli.opening import open_both

    opened = open_both(**given)

    from bertscope_tui.cli.interrupt import polled
    from bertscope_tui.cli.survey import look_of, page_width, progress
    from bertscope_tui.inspection.phase_run import find_run_phases
    from bertscope_tui.inspection.survey_pages import phases_page, phases_run_object

    look = None if as_json else look_of(theme, ascii)
    with polled() as cancelled, progress("looking for phases") as tell:
        found = find_run_phases(
            opened.model,
            opened.dataset,
            options=opened.options,
            limit=limit,
            cancelled=cancelled,
            progress=tell,
        )
    if look is None:
        write_json(phases_run_object(found))
        return
    from bertscope_tui.cli.output import speaks_colour

    write_text(phases_page(found, look, width=page_width(), colour=speaks_colour()))

"""The verb ``compare``: two models over a data set, layer by layer."""

from __future__ import annotations

from typing import Any

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import write_json, write_text


@click.command(short_help="Compare two models on a data set, layer by layer.")
@click.argument("first", metavar="MODEL_A")
@click.argument("second", metavar="MODEL_B")
@options.data
@options.part
@options.loading
@options.windows
@options.looks
@options.cache_dir
@options.as_json
@options.debug
def compare(
    *,
    first: str,
    second: str,
    limit: int | None,
    theme: str | None,
    ascii: bool | None,  # noqa: A002 - the option's name
    as_json: bool,
    debug: bool,
    **given: Any,
) -> None:
    """Compare two models: how alike their layers are, and whose answers are right.

    The similarity of each pair of layers is linear CKA. Two models may have different tokenizers:
    what is compared are the shortest pieces of text that are whole tokens in both.
    """
    from bertscope_tui.logs import start_logging

    start_logging(debug=debug)
    from bertscope_tui.cli.opening import open_both, open_other

    opened = open_both(model=first, **given)
    other = open_other(second, **given)

    from bertscope_tui.cli.interrupt import polled
    from bertscope_tui.cli.survey import look_of, page_width, progress
    from bertscope_tui.inspection.comparing import compare as run_comparison
    from bertscope_tui.inspection.survey_pages import compare_object, compare_page

    look = None if as_json else look_of(theme, ascii)
    with polled() as cancelled, progress("comparing") as tell:
        found = run_comparison(
            opened.model,
            other,
            opened.dataset,
            options=opened.options,
            limit=limit,
            cancelled=cancelled,
            progress=tell,
        )
    if look is None:
        write_json(compare_object(found))
        return
    from bertscope_tui.cli.output import speaks_colour

    write_text(compare_page(found, look, width=page_width(), colour=speaks_colour()))

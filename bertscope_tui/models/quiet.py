"""Keeps the libraries off the terminal, which belongs to the screen while the program runs."""

from __future__ import annotations


def quieten() -> None:
    """Turn off progress bars and send the log of transformers and the hub client to Python's own.

    Their bars write to standard error, which has no file number while a screen is up, and their
    own log handlers would print over it; a file handler set by the program still gets the records.
    """
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging

    hub_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # the hub client's too
    logging.disable_default_handler()
    logging.enable_propagation()
    logging.set_verbosity_error()

"""Look inside a question-answering Transformer from a terminal, layer by layer."""

__version__ = "0.1.0"

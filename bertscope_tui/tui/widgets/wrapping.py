"""Long texts over several lines."""

from __future__ import annotations

from rich.cells import cell_len


def broken(text: str, room: int) -> list[str]:
    """Break a text into lines of at most ``room`` cells, between words where that is possible."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= room:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if cell_len(lines[-1] + character) > room:
                lines.append("")
            lines[-1] += character
    return lines

"""Typed access to the fields of a JSON object, with errors that name the field."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from bertscope_tui.data.hygiene import clean
from bertscope_tui.errors import ModelError

Choice = TypeVar("Choice", bound=str)


class Fields:
    """One JSON object of a file; ``where`` names the file, and the field the object stands in.

    Each method returns a field's value, or None (an empty collection) where it is missing or null,
    and raises ModelError where it has another type. ``need_…`` insist on a value.
    """

    __slots__ = ("_content", "_where")

    def __init__(self, content: dict[str, Any], where: str) -> None:
        self._content = content
        self._where = where

    def text(self, key: str) -> str | None:
        """Return a string."""
        value = self._content.get(key)
        if value is not None and not isinstance(value, str):
            raise self._wrong(key, "text")
        return value

    def choice(self, key: str, values: tuple[Choice, ...]) -> Choice | None:
        """Return one of ``values``."""
        found = self.text(key)
        if found is None:
            return None
        for value in values:
            if found == value:
                return value
        raise self._wrong(key, " or ".join(values))

    def whole(self, key: str) -> int | None:
        """Return a whole number from 0 on."""
        value = self._content.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._wrong(key, "a whole number from 0 on")
        return value

    def number(self, key: str) -> float | None:
        """Return a finite number."""
        value = self._content.get(key)
        return None if value is None else self._number(key, value)

    def fraction(self, key: str) -> float | None:
        """Return a number from 0 to 1."""
        value = self._content.get(key)
        return None if value is None else self._fraction(key, value)

    def fractions(self, key: str) -> dict[str, float]:
        """Return an object of numbers from 0 to 1."""
        return {name: self._fraction(f"{key}.{name}", v) for name, v in self._object(key).items()}

    def scalars(self, key: str) -> dict[str, str | int | float | bool | None]:
        """Return an object of strings, finite numbers, booleans and nulls."""
        found = self._object(key)
        for name, value in found.items():
            if isinstance(value, float):
                self._number(f"{key}.{name}", value)
            elif value is not None and not isinstance(value, str | int):
                raise self._wrong(f"{key}.{name}", "a single value")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        found = self._list(key)
        if not all(isinstance(value, str) for value in found):
            raise self._wrong(key, "a list of texts")
        return tuple(found)

    def text_map(self, key: str) -> dict[str, str]:
        """Return an object of strings."""
        found = self._object(key)
        if not all(isinstance(value, str) for value in found.values()):
            raise self._wrong(key, "an object of texts")
        return found

    def nested(self, key: str) -> Fields | None:
        """Return the fields of an object."""
        if self._content.get(key) is None:
            return None
        return Fields(self._object(key), f"{self._where}: {key}")

    def nested_list(self, key: str) -> list[Fields]:
        """Return the fields of each object of a list."""
        found = self._list(key)
        if not all(isinstance(value, dict) for value in found):
            raise self._wrong(key, "a list of objects")
        return [Fields(v, f"{self._where}: {key}[{i}]") for i, v in enumerate(found)]

    def need_text(self, key: str) -> str:
        """Return a string that must be there."""
        value = self.text(key)
        if value is None:
            raise self._wrong(key, "there")
        return value

    def need_whole(self, key: str) -> int:
        """Return a whole number from 0 on that must be there."""
        value = self.whole(key)
        if value is None:
            raise self._wrong(key, "there")
        return value

    def _object(self, key: str) -> dict[str, Any]:
        value = self._content.get(key)
        if value is not None and not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return {} if value is None else value

    def _list(self, key: str) -> list[Any]:
        value = self._content.get(key)
        if value is not None and not isinstance(value, list):
            raise self._wrong(key, "a list")
        return [] if value is None else value

    def _number(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):  # 1e999 is good JSON and still no number to reckon with
            raise self._wrong(key, "a finite number")
        return number

    def _fraction(self, key: str, value: object) -> float:
        number = self._number(key, value)
        if not 0 <= number <= 1:
            raise self._wrong(key, "a number from 0 to 1")
        return number

    def _wrong(self, key: str, expected: str) -> ModelError:
        return ModelError(f"{self._where}: {clean(key)} is not {expected}")

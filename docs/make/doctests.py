"""An extension of griffe: the examples in docstrings are code on the site, not quotations."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

EXAMPLE = re.compile(r"^(?P<indent> *)>>> .*(?:\n(?P=indent) *\S.*)*", re.MULTILINE)


def fenced(text: str) -> str:
    """A docstring with a fence around each example, which ends at an empty line."""

    def fence(match: re.Match[str]) -> str:
        code = re.sub(r"  # doctest: .*", "", match[0])
        return f"{match['indent']}```pycon\n{code}\n{match['indent']}```"

    return EXAMPLE.sub(fence, text)


class Doctests(Extension):
    """Puts fences around the examples of every docstring."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Once, when an object has been read."""
        if obj.docstring is not None and "```pycon" not in obj.docstring.value:
            obj.docstring.value = fenced(obj.docstring.value)

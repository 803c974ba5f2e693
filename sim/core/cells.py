"""Text in the cells of CSV files that people open in a spreadsheet: :func:`harmless` and its
inverse :func:`meant`; :func:`for_excel`, the text of a whole file.

A spreadsheet calculates text that begins with ``= + - @``, a tab or a line break. In every
CSV file that codose writes, such text has an apostrophe before it. Reading a table removes that one
apostrophe, so that every text comes back as it was.

>>> harmless("=2+2"), meant("'=2+2"), meant(harmless("'=2+2")), harmless("O'Neill")
("'=2+2", '=2+2', "'=2+2", "O'Neill")
"""

from __future__ import annotations

import re

FORMULA = r"^'*[=+\-@\t\r\n]"
"""Text that a spreadsheet would calculate, after any apostrophes of its own: without one more,
:func:`meant` would remove one of these."""
_FORMULA = re.compile(FORMULA)
BOM = "\ufeff"
"""The byte order mark by which Excel knows UTF-8."""


def harmless(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would calculate it."""
    return f"'{text}" if _FORMULA.match(text) else text


def meant(text: str) -> str:
    """The text that :func:`harmless` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def for_excel(text: str) -> str:
    """The text of a CSV file, with a byte order mark only if a character is beyond ASCII."""
    return text if text.isascii() else BOM + text

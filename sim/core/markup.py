""":func:`table_markup`: a small HTML table, by which notebooks show an object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def table_markup(
    title: str, rows: Iterable[Sequence[object]], heads: Sequence[str] = (), note: str = ""
) -> str:
    """A heading, a note and a table; every text is escaped.

    >>> table_markup("a & b", [("x", 1)])
    '<h4>a &amp; b</h4><table><tr><td>x</td><td>1</td></tr></table>'
    """

    def line(cells: Sequence[object], tag: str) -> str:
        inner = "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells)
        return f"<tr>{inner}</tr>"

    body = "".join([line(heads, "th")] * bool(heads) + [line(row, "td") for row in rows])
    said = f"<p>{escape(note)}</p>" if note else ""
    return f"<h4>{escape(title)}</h4>{said}<table>{body}</table>"

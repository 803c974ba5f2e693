"""HTML templates: :func:`environment` holds those of reports; :func:`table_html` renders a table.

Every number in a table has its exact value (``data-value``) beside the rounded one, and the file,
row and column that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sim.present import figures
from sim.present import format as formats

if TYPE_CHECKING:
    import jinja2

    from sim.present.table import Table


class Cell(NamedTuple):
    """A value of a table: column, exact value, text, and whether the column is numeric."""

    column: str
    exact: str
    text: str
    numeric: bool


def table_html(table: Table, level: int = 3) -> str:
    """A table as HTML; see :meth:`sim.present.table.Table.html`."""
    module = environment().get_template("table.html.j2").module
    return str(module.table_of(table, level))  # type: ignore[attr-defined]


def rows_of(table: Table) -> Iterator[tuple[object, list[Cell]]]:
    """Index in the file and cells of every row."""
    numeric = {column.name: table.is_numeric(column.name) for column in table.columns}
    values = zip(*(table.values(column.name) for column in table.columns), strict=True)
    for label, row in zip(table.labels, values, strict=True):
        cells = [
            Cell(column.name, formats.exact(value), column.write(value), numeric[column.name])
            for column, value in zip(table.columns, row, strict=True)
        ]
        yield label, cells


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The templates of reports, and the functions that they call."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("sim.present"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.globals.update(rows_of=rows_of, svg=figures.svg)
    return made

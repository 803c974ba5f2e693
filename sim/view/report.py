"""One self-contained HTML file about a result folder.

It needs no network and asks for none: scripts, styles and figures are inside, and a content
security policy forbids every address. Every number of a table carries its exact value
(``data-value``) beside the rounded one, with the file, row and column that it comes from.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from sim import _folder
from sim.view import _report_kinds
from sim.view._report_parts import Content, figure_json

_NOT_IN_HTML = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
TEMPLATE = Path(__file__).with_name("report_template.html")


def report_html(directory: str | os.PathLike[str]) -> str:
    """The report of a result folder: of every kind of result, with figures and tables at least.

    Raises:
        ResultsError: the folder holds no results, or one of its files was damaged.
    """
    folder = Path(directory)
    content = _report_kinds.content_of(folder)
    return render(content)


def render(content: Content) -> str:
    """A report as HTML. The same content gives the same text."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    hovers = [figure for group in content.figures for figure in group.figures]
    return template.render(
        content=content,
        number_of={id(figure): place for place, figure in enumerate(hovers)},
        figure_json=figure_json,
        plotly=plotly_script() if hovers else "",
        id=id,
    )


@lru_cache(maxsize=1)
def plotly_script() -> str:
    """plotly.js, whole, as the package carries it; characters that HTML does not allow are written
    as escapes, which mean the same inside the strings where they stand."""
    from plotly.offline import get_plotlyjs

    return _NOT_IN_HTML.sub(lambda found: f"\\u{ord(found[0]):04x}", get_plotlyjs())


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a result folder of any kind; see :func:`sim._folder.read_manifest`."""
    return _folder.read_manifest(folder, any_version=True)

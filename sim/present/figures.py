"""Figures as data: each :class:`Figure` is drawn once; :func:`save` writes files, and :func:`svg`
gives the text that a page embeds.

The same figure gives the same bytes. Matplotlib is loaded when the first figure is drawn.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim.core.errors import check_known

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

DPI = 150
"""Dots an inch of PNG files: 1,350 across the usual 9 inches."""
_COMPRESSION = 3
"""Of PNG files: no larger than with Matplotlib's 6, in two thirds of the time."""
Format = Literal["png", "svg"]
FORMATS: tuple[Format, ...] = ("png", "svg")
_FONTS = "DejaVu Sans, Verdana, sans-serif"
"""Verdana has the widths of DejaVu Sans: nothing moves where the latter is missing."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure of a study.

    Attributes:
        name: the name of its file, without suffix.
        title: what the figure shows, in a few words.
        caption: how to read the figure, in sentences.
        alt: alternative text for people who cannot see the figure, with its main numbers.
        draw: the function that makes the matplotlib figure; called once for every use.
    """

    name: str
    title: str
    caption: str
    alt: str
    draw: Callable[[], Drawn] = field(repr=False)


def formats_of(choice: str) -> tuple[Format, ...]:
    """The formats of ``--figures png|svg|both|none``.

    >>> formats_of("both"), formats_of("none")
    (('png', 'svg'), ())

    Raises:
        InputError: the choice is another word.
    """
    known: dict[str, tuple[Format, ...]] = {
        "png": ("png",), "svg": ("svg",), "both": FORMATS, "none": ()
    }  # fmt: skip
    check_known(
        choice, known, "is not a format of figures", field="--figures",
        allowed="png, svg, both or none",
    )  # fmt: skip
    return known[choice]


def save(
    figures: Iterable[Figure], folder: Path, formats: Sequence[Format] = ("png",)
) -> list[Path]:
    """Draw each figure once and write it in every format.

    A second thread compresses and writes what is drawn while the next figure is drawn.

    Args:
        figures: the figures; their names become the names of the files.
        folder: the folder, made when missing; files of the same names are replaced.
        formats: the formats of the files; without any, nothing is drawn.

    Returns:
        The paths written, figure by figure.
    """
    if not formats:
        return []
    from concurrent.futures import ThreadPoolExecutor

    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(1) as thread:
        written = [
            thread.submit(_write, folder / f"{figure.name}.{form}", content)
            for figure in figures
            for form, content in _contents(figure.draw(), formats)
        ]
    return [one.result() for one in written]


def _write(path: Path, content: Callable[[], bytes]) -> Path:
    path.write_bytes(content())
    return path


def _contents(
    drawn: Drawn, formats: Iterable[Format]
) -> Iterator[tuple[Format, Callable[[], bytes]]]:
    """Each format, and a function that gives the content of its file."""
    _settle(drawn)
    for form in formats:
        yield form, _png(drawn) if form == "png" else _svg_file(drawn, "path").encode


def _png(drawn: Drawn) -> Callable[[], bytes]:
    """Draw the dots of a figure; return a function that makes a PNG file of them.

    The file holds red, green and blue; Matplotlib's own holds opacity too.
    """
    from PIL import Image

    canvas: Any = drawn.canvas
    with _any_letter():
        canvas.draw()
    dots = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())

    def content() -> bytes:
        with io.BytesIO() as buffer:
            dots.convert("RGB").save(buffer, "PNG", dpi=(DPI, DPI), compress_level=_COMPRESSION)
            return buffer.getvalue()

    return content


def _svg_file(drawn: Drawn, text_as: Literal["path", "none"]) -> str:
    """The text of an SVG file, with letters as shapes (path) or as text (none)."""
    import matplotlib

    from sim.present.canvas import lines

    settings: dict[Any, Any] = {"svg.hashsalt": "codose", "svg.fonttype": text_as}
    with matplotlib.rc_context(settings), _any_letter():
        return lines(drawn)


@contextlib.contextmanager
def _any_letter() -> Iterator[None]:
    """Silence the warning about letters that the font lacks; a box stands for each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


def _settle(drawn: Drawn) -> None:
    """Compute the layout once; otherwise Matplotlib would draw the figure twice."""
    from sim.present.canvas import Canvas

    drawn.set_dpi(DPI)
    Canvas(drawn)  # which becomes the figure's own
    for axes in drawn.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if not axis.get_label_text():  # or all ticks are measured to place an empty label
                axis.set_label_coords(0.5, 0.5)
    engine = drawn.get_layout_engine()
    if engine is not None:
        with _any_letter():
            engine.execute(drawn)
        drawn.set_layout_engine(None)


def svg(figure: Figure) -> str:
    """The figure as an ``<svg>`` element that can be embedded in a page beside others.

    Letters are text, which can be searched and copied. Ids begin with the name of the figure. The
    element is an image with the figure's alternative text, which is also shown on hover.
    """
    drawn = figure.draw()
    _settle(drawn)
    return element(_svg_file(drawn, "none"), figure.name, figure.alt)


def element(file: str, name: str, alt: str) -> str:
    """Turn an SVG file of Matplotlib into an element of a page; see :func:`svg`."""
    start = file.index("<svg")
    head, body = file[start:].split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    # An image is named by its dots, so two colour bars may share a name, which nothing refers to.
    body = re.sub(r' id="image[0-9a-f]+"', "", body)
    body = re.sub(r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"', body)
    body = body.replace("url(#", f"url(#{name}-").replace('xlink:href="#', f'href="#{name}-')
    body = body.replace("'DejaVu Sans'", _FONTS)
    said = escape(alt, quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box[0] if box else ""} role="img" '
        f'aria-label="{said}"><title>{said}</title>{body.strip()}'
    )

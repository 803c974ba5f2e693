"""Boxes and arrows as SVG text: the same bytes on every machine, and no library needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from xml.sax.saxutils import quoteattr

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, GREY = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#8C8C8C",
)  # fmt: skip
INK, PAPER = "#1A1A1A", "#FFFFFF"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


@dataclass
class Drawing:
    """A picture that is added to piece by piece.

    Attributes:
        width, height: in pixels at its natural size.
        title: read out where the picture cannot be seen.
    """

    width: int
    height: int
    title: str
    parts: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, words: str, *, size: float = 15, colour: str = INK,
        anchor: str = "middle", weight: str = "normal",
    ) -> None:  # fmt: skip
        """One line of text; ``y`` is its baseline."""
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}" '
            f'text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>'
        )

    def box(
        self, x: float, y: float, width: float, height: float, lines: list[str], *,
        colour: str = BLUE, fill: str = PAPER, size: float = 15, dashed: bool = False,
    ) -> None:  # fmt: skip
        """A box with its top left corner at (x, y); the first line is bold."""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" '
            f'fill="{fill}" stroke="{colour}" stroke-width="1.8"{dash}/>'
        )
        step = size * 1.3
        first = y + height / 2 - step * (len(lines) - 1) / 2 + size * 0.36
        for number, line in enumerate(lines):
            self.text(
                x + width / 2, first + step * number, line,
                size=size if number == 0 else size * 0.86,
                weight="600" if number == 0 else "normal",
                colour=INK if number == 0 else "#444444",
            )  # fmt: skip

    def arrow(
        self, points: list[tuple[float, float]], *, colour: str = "#444444", label: str = "",
        at: tuple[float, float] | None = None, dashed: bool = False, anchor: str = "middle",
    ) -> None:  # fmt: skip
        """A line through the points with a head at the last; three points bend smoothly."""
        start, *middle, end = points
        if middle:
            way = f"M {start[0]:g} {start[1]:g} Q {middle[0][0]:g} {middle[0][1]:g} " + (
                f"{end[0]:g} {end[1]:g}"
            )
        else:
            way = f"M {start[0]:g} {start[1]:g} L {end[0]:g} {end[1]:g}"
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        head = "head" + colour.strip("#")
        self.parts.append(
            f'<path d="{way}" fill="none" stroke="{colour}" stroke-width="1.8"{dash} '
            f'marker-end="url(#{head})"/>'
        )
        if label and at is not None:
            self.text(at[0], at[1], label, size=12.5, colour=colour, anchor=anchor)

    def svg(self) -> str:
        """The whole file."""
        colours = sorted({"#444444", BLUE, VERMILLION, GREEN, PURPLE, ORANGE, GREY})
        heads = "".join(
            f'<marker id="head{c.strip("#")}" viewBox="0 0 10 10" refX="9" refY="5" '
            f'markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
            f'<path d="M 0 0 L 10 5 L 0 10 z" fill="{c}"/></marker>'
            for c in colours
        )
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img" '
            f"aria-label={quoteattr(self.title)} font-family={quoteattr(FONT)}>\n"
            f"<title>{escape(self.title)}</title>\n<defs>{heads}</defs>\n"
            f'<rect width="{self.width}" height="{self.height}" fill="{PAPER}"/>\n{body}\n</svg>\n'
        )

"""Smaller PNG files, for what is shipped: 32 colours are enough for charts.

python docs/make/pictures.py FILE.png ...    write these anew, in place
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parents[1]
COLOURS = 32
WIDTH = 1000
DRAWN = {
    "tutorial_planner.png": ("tutorial/planner.md", "results/calls/figures/intervals.png"),
}
"""Of ``docs/images``: the page that shows a picture, and which file of its commands it is."""


def small(png: bytes, width: int = 0) -> bytes:
    """A PNG with a palette in place of true colours; the picture itself when that is smaller.

    Args:
        png: the file.
        width: pixels; a wider picture is made as narrow. 0: it stays as wide as it is.
    """
    made = io.BytesIO()
    flat = Image.open(io.BytesIO(png)).convert("RGB")
    if 0 < width < flat.width:
        height = round(flat.height * width / flat.width)
        flat = flat.resize((width, height), Image.Resampling.LANCZOS)
    few = flat.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(made, "PNG", optimize=True)
    return min(png, made.getvalue(), key=len)


def drawn(name: str) -> bytes:
    """A picture of :data:`DRAWN`, by running its page."""
    import blocks

    page, figure = DRAWN[name]
    with tempfile.TemporaryDirectory() as folder:
        blocks.run_page((DOCS / page).read_text(encoding="utf-8"), Path(folder), slow=True)
        return small((Path(folder) / figure).read_bytes(), WIDTH)


def main(files: list[str]) -> None:
    """Draw, or write files anew where that makes them smaller."""
    for path in map(Path, files):
        path.write_bytes(small(path.read_bytes()))
    for name in () if files else DRAWN:
        (DOCS / "images" / name).write_bytes(drawn(name))


if __name__ == "__main__":
    sys.path.insert(0, str(DOCS.parent))
    main(sys.argv[1:])

"""Smaller PNG files, for what is shipped: 32 colours are enough for charts.

python docs/make/pictures.py FILE.png ...    write these anew, in place
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

COLOURS = 32


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


def main(files: list[str]) -> None:
    """Write files anew where that makes them smaller."""
    for path in map(Path, files):
        path.write_bytes(small(path.read_bytes()))


if __name__ == "__main__":
    main(sys.argv[1:])

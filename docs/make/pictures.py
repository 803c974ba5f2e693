"""Smaller PNG files, for what is shipped: 64 colours are enough for charts.

python docs/make/pictures.py FILE.png ...    write these anew, in place
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

COLOURS = 64


def small(png: bytes) -> bytes:
    """A PNG with a palette in place of true colours; the picture itself when that is smaller."""
    made = io.BytesIO()
    flat = Image.open(io.BytesIO(png)).convert("RGB")
    flat.quantize(COLOURS, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return min(png, made.getvalue(), key=len)


def main(files: list[str]) -> None:
    """Write files anew where that makes them smaller."""
    for path in map(Path, files):
        path.write_bytes(small(path.read_bytes()))


if __name__ == "__main__":
    main(sys.argv[1:])

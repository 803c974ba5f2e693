"""The badges of the README, drawn from pyproject.toml and CITATION.cff: no service, no network.

They are among the diagrams: ``python docs/make/diagrams.py`` writes them, and a test fails when a
file is not what these draw.
"""

from __future__ import annotations

import tomllib
from html import escape
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import yaml

REPO = Path(__file__).resolve().parents[2]
FONT = "Verdana, 'DejaVu Sans', sans-serif"
LEFT, RIGHT, INK = "#4a4a4a", "#005a94", "#ffffff"


def badge(name: str, said: str) -> str:
    """A label with what is said of it. Letters are fitted to their room, whatever the font."""
    rooms = [round(6.4 * len(words)) + 14 for words in (name, said)]
    width = sum(rooms)
    parts = []
    for x, room, words, colour in zip(
        (0, rooms[0]), rooms, (name, said), (LEFT, RIGHT), strict=True
    ):
        parts.append(f'<rect x="{x}" width="{room}" height="20" fill="{colour}"/>')
        parts.append(
            f'<text x="{x + 7}" y="14" fill="{INK}" textLength="{room - 14}" '
            f'lengthAdjust="spacingAndGlyphs">{escape(words)}</text>'
        )
    title = f"{name}: {said}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
        f'aria-label={quoteattr(title)} font-family={quoteattr(FONT)} font-size="11">\n'
        f"<title>{escape(title)}</title>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _project() -> dict[str, Any]:
    return tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def python() -> str:
    """The Pythons that the package declares."""
    declared = [one.rsplit(" ", 1)[1] for one in _project()["classifiers"] if ":: 3." in one]
    return badge("Python", " | ".join(declared))


def licence() -> str:
    """The licence, as pyproject.toml has it."""
    return badge("licence", _project()["license"])


def study() -> str:
    """The DOI of the study that the source case follows."""
    cited = yaml.safe_load((REPO / "CITATION.cff").read_text(encoding="utf-8"))
    return badge("source study", f"doi {cited['references'][0]['doi']}")


BADGES = {"badge_python": python, "badge_licence": licence, "badge_study": study}

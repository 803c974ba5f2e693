"""Pages about codose, from files that say it once: citing, what is new, the glossary."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

REPO = Path(__file__).resolve().parents[2]


def citing() -> str:
    """How to cite: BibTeX of everything that CITATION.cff names."""
    cff = yaml.safe_load((REPO / "CITATION.cff").read_text(encoding="utf-8"))
    entries = [bibtex("codose", cff), *(bibtex(key_of(one), one) for one in cff["references"])]
    return "\n\n".join([
        "# Citing",
        cff["message"],
        "```bibtex\n" + "\n\n".join(entries) + "\n```",
        "Name what others need to make your numbers again: the version, the scenario file and the"
        " seed. `manifest.json` in every result folder holds these, with the command; and"
        " `codose verify` makes the folder again and compares.",
        "The same entries are in [CITATION.cff](../CITATION.cff), which GitHub and reference"
        " managers read.",
    ]) + "\n"  # fmt: skip


def key_of(cited: dict[str, Any]) -> str:
    """Family name and year."""
    return f"{cited['authors'][0]['family-names'].lower()}{cited['year']}"


def bibtex(key: str, cited: dict[str, Any]) -> str:
    """An entry of CITATION.cff as BibTeX; a title keeps its capitals."""
    fields = {
        "title": f"{{{cited['title']}}}",
        "author": " and ".join(
            f"{one['family-names']}, {one['given-names']}" if "family-names" in one
            else f"{{{one['name']}}}"
            for one in cited["authors"]
        ),
        "year": cited.get("year") or str(cited["date-released"])[:4],
        "version": cited.get("version"),
        "license": cited.get("license"),
        "journal": cited.get("journal"),
        "volume": cited.get("volume"),
        "number": cited.get("issue"),
        "pages": f"{cited['start']}--{cited['end']}" if "start" in cited else None,
        "doi": cited.get("doi"),
    }  # fmt: skip
    lines = [
        f"  {name:<7} = {{{str(value).replace('&', chr(92) + '&')}}},"
        for name, value in fields.items()
        if value
    ]
    return "\n".join([f"@{cited['type']}{{{key},", *lines, "}"])


def new() -> str:
    """What is new: the newest section of the changelog."""
    text = (REPO / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^(?=## \[)", text, flags=re.MULTILINE)[1:]
    newest = next(one for one in sections if len(one.strip().splitlines()) > 1)
    return (
        "# What is new\n\nThis page shows the newest version. [All changes](engineers/changelog.md)"
        f" go back to the first.\n\n{newest.rstrip()}\n"
    )

"""Pages about codose, from files that say it once: citing, what is new, the glossary."""

from __future__ import annotations

import re
from html import escape
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


HOVERED = (
    "taper", "core_team", "mutual_accountability", "integrated_share", "planned_cost",
    "expected_cost", "plausible_worlds", "without_assistance", "not_clear_yet", "regret",
    "reference_table",
)  # fmt: skip
"""Terms that every page explains where one points at them; the others are words of everyday."""


def glossary() -> str:
    """Every term with its meaning, from the one list that the page and the reports read too."""
    from sim.core.glossary import glossary as terms

    parts = []
    for term in sorted(terms().values(), key=lambda term: term.planners.lower()):
        also = [f"researchers: {escape(term.researchers)}"] if term.researchers else []
        also += [f"in code: <code>{escape(term.code)}</code>"] if term.code else []
        parts.append(f'<dt id="{term.name}">{escape(term.planners)}</dt>')
        parts.append(f"<dd>{escape(term.meaning)}{also_said(also)}</dd>")
    return (
        "# Glossary\n\nThe words of this site, of the page and of the reports. `codose glossary`"
        " prints the same, and `codose glossary WORD` finds one by any of its names.\n\n"
        '<dl class="glossary">\n' + "\n".join(parts) + "\n</dl>\n"
    )


def also_said(names: list[str]) -> str:
    """What else a term is called, on a line of its own."""
    return f"<br><small>{'; '.join(names)}</small>" if names else ""


def hovers() -> str:
    """The terms of HOVERED as abbreviations of Markdown, for the end of a page."""
    from sim.core.glossary import glossary as terms

    return "\n".join(f"*[{terms()[name].planners}]: {terms()[name].meaning}" for name in HOVERED)

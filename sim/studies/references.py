"""Reference and references: the one list of the sources that numbers and patterns rest on.

The list is ``references.yaml`` beside this file. Part 10 of the ODD prints it, and a test holds it
to the texts: whatever the parameter table, the observed findings, the patterns and the ODD cite is
listed, and nothing is listed that none of them cites.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

LIST = Path(__file__).with_name("references.yaml")
"""The file of the list."""
UNCHECKED = "title not checked"
"""Stands for a title that nobody has compared with the source."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One source.

    Attributes:
        cite: the short name by which texts name it.
        authors: family names, as the source has them; empty where nobody has checked them.
        year: of publication; None where it is not known.
        title: of the source; empty where nobody has checked it.
        where: journal, volume and pages, or publisher.
        ids: identifiers, such as ``doi 10.1370/afm.1312``, ``PMC9512557``, ``PMID 11420869``.
        note: what a reader has to know of it.
    """

    cite: str
    authors: str
    year: int | None
    title: str
    where: str
    ids: tuple[str, ...]
    note: str = ""

    @property
    def text(self) -> str:
        """The entry as a list of references has it.

        >>> print(references()["Schweitzer et al. 2006"].text[:70])
        Schweitzer, Hershey & Bradlow 2006. Promises and lies: Restoring viola
        """
        who = " ".join(filter(None, (self.authors or self.cite, str(self.year or ""))))
        if self.cite.split(" ")[0] not in who:
            who = f"{self.cite}: {who}"
        parts = (who, self.title or UNCHECKED, self.where, ", ".join(self.ids), self.note)
        return " ".join(f"{part.rstrip('.')}." for part in parts if part)


@cache
def references() -> dict[str, Reference]:
    """Every source by its short name, in the order of the list."""
    rows = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return {row["cite"]: Reference(**{**row, "ids": tuple(row["ids"])}) for row in rows}

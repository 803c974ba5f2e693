"""Reference and references: the one list of the sources of numbers and patterns.

The list is ``references.yaml`` beside this file, and part 10 of the ODD prints it. A test compares
it with the texts: it lists every source that the parameter table, the observed findings, the
patterns or the ODD cite, and no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

LIST = Path(__file__).with_name("references.yaml")
"""The file that holds the list."""
UNCHECKED = "title not checked"
"""The text in place of a title that nobody has compared with the source."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One source.

    Attributes:
        cite: the short name by which texts cite the source.
        authors: family names, as the source has them; empty where nobody has checked them.
        year: the year of publication; None where it is not known.
        title: the title of the source; empty where nobody has checked it.
        where: journal, volume and pages, or publisher.
        ids: identifiers, such as ``doi 10.1370/afm.1312``, ``PMC9512557``, ``PMID 11420869``.
        note: a remark that readers need.
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
        """The entry in the form of a list of references.

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

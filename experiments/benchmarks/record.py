"""What was measured: a :class:`Line` of a table, a :class:`Part` of the record, and the gate.

``recorded.json`` keeps every part as it was measured last, and for each gated line the cost it is
held to. README.md shows the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
NOTHING = "Nothing is recorded yet: `make bench` measures, and writes it here."


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table.

    Attributes:
        what: what was measured; nothing in it varies from one measurement to the next.
        value: as it is printed.
        target: as it is printed; targets in seconds are those of the machine named.
        met: None where there is no target.
        cost: of a gated line, a ratio measured within one run; more is worse.
        slack: by how much a cost may miss the one it is held to.
        held: the cost it is held to.
        failed: what was to be measured did not work; ``value`` says why.
    """

    what: str
    value: str
    target: str = ""
    met: bool | None = None
    cost: float | None = None
    slack: float = 1.5
    held: float | None = None
    failed: bool = False

    @property
    def shut(self) -> bool:
        """Whether the gate is shut for it."""
        if self.cost is None or self.held is None:
            return self.failed
        return self.failed or self.cost > self.slack * self.held

    def __str__(self) -> str:
        if self.failed:
            return f"{self.what}: {self.value}"
        return (
            f"{self.what}: {self.cost:.3g} where {self.held:.3g} is recorded, "
            f"more than {self.slack} times as much"
        )


def below(what: str, number: float, target: float, text: str, unit: str, **more: float) -> Line:
    """A line whose number should not be above a target."""
    return Line(what, text, f"<= {target:g} {unit}", bool(number <= target), **more)


def skipped(what: str, why: str) -> Line:
    """A line that cannot be measured here."""
    return Line(what, f"not measured: {why}")


@dataclass(frozen=True, slots=True)
class Part:
    """Lines measured together, and on what."""

    about: str
    lines: list[Line] = field(default_factory=list)

    def held_to(self, earlier: Part | None, *, accept: bool) -> Part:
        """With the costs that an earlier record is held to; a new line is held to its own."""
        held = {} if earlier is None or accept else {x.what: x.held for x in earlier.lines}
        kept = [replace(x, held=held.get(x.what) or x.cost) for x in self.lines]
        return Part(self.about, kept)


Record = dict[str, Part]


def read(file: Path) -> Record:
    """The record of a file; empty where there is none."""
    if not file.exists():
        return {}
    stored = json.loads(file.read_text(encoding="utf-8"))
    return {
        title: Part(part["about"], [Line(**line) for line in part["lines"]])
        for title, part in stored.items()
    }


def write(file: Path, record: Record) -> None:
    """Keep a record."""
    text = json.dumps({title: asdict(part) for title, part in record.items()}, indent=1)
    file.write_text(text + "\n", encoding="utf-8")


def tables(record: Record) -> str:
    """The record as Markdown."""
    return "\n\n".join(_table(title, part) for title, part in record.items()) or NOTHING


def _table(title: str, part: Part) -> str:
    words = {True: "met", False: "**missed**", None: ""}
    rows = [
        f"**{title}**",
        "",
        part.about,
        "",
        "| what | measured | target | |",
        "|---|---|---|---|",
    ]
    rows += [f"| {x.what} | {x.value} | {x.target} | {words[x.met]} |" for x in part.lines]
    return "\n".join(rows)


def show(page: Path, record: Record) -> None:
    """Put the tables between the two markers of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = f"{before}{BEGIN}\n{tables(record)}\n{END}{after}"
    page.write_text(text, encoding="utf-8")


def shut(parts: Iterable[Part]) -> list[Line]:
    """The lines for which the gate is shut."""
    return [line for part in parts for line in part.lines if line.shut]

"""No page says a number that no run, table or source stands behind.

Looked at are results in prose: decimals of two places or more, signed decimals and percentages.
Each must round from a number in an output or a made table of the same page, or stand in a
paragraph, list item or table row that cites its source. What is left is a choice of ours and has
its reason below.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from test_references import IDS, NAMED

REPO = Path(__file__).resolve().parents[1]
MAKE = str(REPO / "docs" / "make")
if MAKE not in sys.path:
    sys.path.insert(0, MAKE)
blocks = import_module("blocks")  # of docs/make, which is no package

OF_THE_PAST = {"CHANGELOG.md"}
MADE_WHOLE = {"experiments/benchmarks/README.md"}  # by make bench, from its record
PAGES = [
    page for page in blocks.pages()
    if page.relative_to(REPO).as_posix() not in OF_THE_PAST | MADE_WHOLE
]  # fmt: skip

RESULT = re.compile(
    r"(?<![\w.,/:-])[+-]?\d*\.\d{2,}(?![\d.]*\d)"  # .31, 0.31, -1.25
    r"|(?<![\w.])[+-]\d+\.\d+(?!\.?\d)"  # +0.2
    r"|(?<![\w.,-])\d+(?:\.\d+)? ?%"  # 37 %
)
MADE = re.compile(r"<!-- (?:table|made by).*?<!-- (?:end of table|until here).*?-->", re.DOTALL)
STATED = {
    "90 %": "the level of our intervals", "95 %": "the level of intervals of indices",
    "5 %": "the ends of a 90 % interval",
    "80 %": "the share of chance above which sets cannot be told apart",
    "15 %": "the tolerance of a variance, and nothing that was measured",
    "1 %": "the margin of a difference, in parts of the outcome's range",
    ".01": "the same margin, on a scale from 0 to 1",
    "0.02": "a half-width that somebody chooses",
    "1.96": "the quantile of the normal curve",
    "2.60": "a version of Ray",
    "+0.2": "what not to say, in a tutorial",
    ".37": "an example of the method, on a test function",
}  # fmt: skip
"""Numbers that are choices and no results, each with its reason."""
ON_ONE_PAGE = {
    ("docs/engineers/gates.md", "+0.77"): "a fault that was planted in a gate",
    ("docs/tutorial/planner.md", "20 %"): "where the reader moves a slider",
    ("experiments/CALIBRATION.md", "82 %"): "the least that each coverage has to be, by a test",
}
"""The same, of numbers that would be results elsewhere."""


def prose(text: str) -> str:
    """A page without blocks, made tables, equations, code, links, headings and their numbers."""
    text = MADE.sub("", text)
    text = re.sub(r"^```.*?^```$|^#+ [^\n]*$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", "", text, flags=re.DOTALL)
    text = re.sub(r"\b(?:sections?|ODD) \d+(?:\.\d+)*", "", text)
    text = re.sub(r"\bin (?:5 and )?7\.1\d\b", "", text)  # symbols of the ODD, by section
    text = re.sub(r"\b3\.1\d\b", "", text)  # versions of Python
    return re.sub(r"`[^`]*`|\]\([^)]*\)|<!--.*?-->", "", text, flags=re.DOTALL)


def pieces(text: str) -> list[str]:
    """Paragraphs, list items and table rows, each on one line."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        rows = paragraph.lstrip().startswith("|")
        parts = paragraph.splitlines() if rows else re.split(r"\n(?=\s*(?:- |\d+\. ))", paragraph)
        found += [" ".join(part.split()) for part in parts]
    return found


def behind(text: str) -> list[float]:
    """The numbers of a page's outputs and made tables, without their signs."""
    outputs = [block.body for block in blocks.blocks(text) if blocks.is_output(text, block)]
    shown = "\n".join([*outputs, *MADE.findall(text)])
    return [
        abs(float(number)) / (100 if percent else 1)
        for number, percent in re.findall(r"(\d*\.?\d+)( ?%)?", shown)
    ]


def stands(number: str, shown: list[float]) -> bool:
    """Whether a number that was shown rounds to this one."""
    bare = number.rstrip(" %").lstrip("+-")
    places = len(bare.partition(".")[2])
    value = float(bare)
    if number.endswith("%"):
        value, places = value / 100, places + 2
    return any(abs(one - value) <= 0.5 * 10**-places + 1e-12 for one in shown)


def unfounded(text: str, page: str = "") -> list[str]:
    """Results in the prose of a page that nothing on the page stands behind."""
    shown = behind(text)
    return [
        f"{number} ({piece[:60]})"
        for piece in pieces(prose(text))
        if not NAMED.search(piece) and not IDS.search(piece)
        for number in RESULT.findall(piece)
        if number not in STATED and (page, number) not in ON_ONE_PAGE and not stands(number, shown)
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(REPO).as_posix())
def test_numbers_in_prose_come_from_a_run_a_table_or_a_source(path: Path) -> None:
    found = unfounded(path.read_text(encoding="utf-8"), path.relative_to(REPO).as_posix())
    assert not found, f"quoted without a run, a made table or a source: {found}"


PAGE = """# A page

Trust rises by +0.31, to .58, which is 37 % more (section 7.14, Python 3.11).

```python
print(0.31, 0.579, "37 %")
```

```text
0.31 0.579 37 %
```

<!-- table: x -->

| a | 0.71 |

<!-- end of table: x -->

- The source found 0.44 (Korn et al. 2018).
- A table made from code has 71 %.
"""


def test_a_page_whose_numbers_stand_is_left_alone() -> None:
    assert unfounded(PAGE) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("+0.31,", "+0.32,"),
        (".58,", ".59,"),
        ("37 % more", "38 % more"),
        ("71 %", "72 %"),
        ("(Korn et al. 2018)", "(so we hear)"),
    ],
)
def test_a_planted_false_number_is_seen(right: str, wrong: str) -> None:
    assert len(unfounded(PAGE.replace(right, wrong, 1))) == 1


def test_every_exception_is_still_needed() -> None:
    every = " ".join(prose(page.read_text(encoding="utf-8")) for page in PAGES)
    assert set(STATED) <= set(RESULT.findall(every))
    for page, number in ON_ONE_PAGE:
        assert number in RESULT.findall(prose((REPO / page).read_text(encoding="utf-8")))

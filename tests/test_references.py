"""One list of references: what the texts cite is in it, and nothing that none of them cites."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.core import parameters, rules
from sim.studies import odd
from sim.studies.references import UNCHECKED, Reference, references

REPO = Path(__file__).resolve().parents[1]
IDS = re.compile(
    r"10\.\d{4,9}/[A-Za-z0-9.()/_:-]*[A-Za-z0-9]|PMC\d{5,8}|PMID \d{6,8}|\bE[DJ]\d{6,7}\b"
    r"|Research Connections \d+|arXiv \d{4}\.\d{5}"
)
NAMED = re.compile(
    r"([A-ZÀ-Þ][A-Za-zÀ-ÿ'-]+)(?:(?:, [A-Z][A-Za-z]+)* (?:&|and) [A-Z][A-Za-z]+| et al\.)?"
    r" \(?((?:19|20)\d\d)\b"
)
MONTHS = "January February March April May June July August September October November December"
NOT_NAMES = {
    "EvidenceNOW", "Start", "In", "The", "study",
    *MONTHS.split(), *(month[:3] for month in MONTHS.split()),
}  # fmt: skip
"""Words before a year that are no authors."""


def texts() -> dict[str, str]:
    """Everything that cites, by what it is; the list itself is not in it."""
    found = {f"parameter {row.name}": row.source for row in parameters.TABLE.values()}
    found |= {path.name: path.read_text("utf-8") for path in REPO.glob("experiments/**/*.yaml")}
    found["rules"] = Path(rules.__file__).read_text("utf-8")
    found["ODD"] = odd.TEMPLATE.read_text("utf-8")
    pages = [
        *REPO.glob("*.md"), *(REPO / "docs").rglob("*.md"), *(REPO / "experiments").rglob("*.md"),
        *(REPO / "notebooks").glob("*.py"), *(REPO / "scenarios").glob("*.yaml"),
    ]  # fmt: skip
    made = {REPO / "docs" / "ODD.md", REPO / "CHANGELOG.md"}  # from the template; of the past
    for path in (path for path in pages if path not in made):
        text = re.sub(r"^```text$.*?^```$", "", path.read_text("utf-8"), flags=re.M | re.S)  # data
        found[path.relative_to(REPO).as_posix()] = text
    return {name: re.sub(r"\s+", " ", text) for name, text in found.items()}


TEXTS = texts()
IDS_IN = {name: set(IDS.findall(text)) for name, text in TEXTS.items()}
NAMED_IN = {name: set(NAMED.findall(text)) for name, text in TEXTS.items()}
LIST = references()
KNOWN = {one: ref for ref in LIST.values() for text in ref.ids for one in IDS.findall(text)}


def surnames(ref: Reference) -> set[str]:
    return set(re.findall(r"[A-ZÀ-Þ][A-Za-zÀ-ÿ'-]+", f"{ref.cite} {ref.authors}"))


def test_a_source_that_is_not_listed_is_seen() -> None:
    """The patterns that look for citations find one that was planted."""
    planted = "as Nobody & Somebody (1999), Nobody et al. 1998 and Müßig 1997 say, 10.1234/none.5"
    assert IDS.findall(planted) == ["10.1234/none.5"]
    assert [who for who, _ in NAMED.findall(planted)] == ["Nobody", "Nobody", "Müßig"]
    assert "10.1234/none.5" not in KNOWN


@pytest.mark.parametrize("name", TEXTS)
def test_every_identifier_is_listed(name: str) -> None:
    missing = IDS_IN[name] - set(KNOWN)
    assert not missing, f"cited in {name} and not in sim/studies/references.yaml: {missing}"


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in ("README.md", "rules")])
def test_every_author_and_year_is_listed(name: str) -> None:
    for who, year in sorted(NAMED_IN[name]):
        if who in NOT_NAMES:
            continue
        listed = [ref for ref in LIST.values() if ref.year == int(year) and who in surnames(ref)]
        assert listed, f"{who} {year} is cited in {name} and not in sim/studies/references.yaml"


@pytest.mark.parametrize("cite", LIST)
def test_nothing_is_listed_that_nothing_uses(cite: str) -> None:
    ref = LIST[cite]
    ids = {one for one, owner in KNOWN.items() if owner is ref}
    first = re.findall(r"[A-ZÀ-Þ][A-Za-zÀ-ÿ'-]+", ref.authors or ref.cite)[0]
    name = cite.split(" (")[0].removesuffix(f" {ref.year}")
    used = [
        where
        for where, text in TEXTS.items()
        if ids & IDS_IN[where]
        or (first, str(ref.year)) in NAMED_IN[where]
        or re.search(rf"\b{re.escape(name)}\b", text)
    ]
    assert used, f"{cite} is listed and no text cites it"


def test_an_identifier_belongs_to_one_source() -> None:
    every = [one for ref in LIST.values() for text in ref.ids for one in IDS.findall(text)]
    assert len(every) == len(set(every))
    assert all(IDS.search(text) for ref in LIST.values() for text in ref.ids)


def test_the_list_is_sorted_and_says_what_is_not_checked() -> None:
    assert sorted(LIST, key=str.casefold) == list(LIST)
    for ref in LIST.values():
        assert (UNCHECKED in ref.text) == (not ref.title)


def test_part_ten_of_the_odd_is_the_list() -> None:
    text = odd.odd_text().split("## 10. References")[1]
    for ref in LIST.values():
        assert ref.title.split("*")[0][:60].replace("|", "") in text
        assert all(one in text for one in ref.ids)


def test_crawford_is_the_published_article_on_video_coaching() -> None:
    ref = LIST["Crawford et al. 2021"]
    assert ref.ids[0] == "doi 10.1037/edu0000691"
    assert "113(8) 1609-1627" in ref.where
    assert "no phone" in ref.note

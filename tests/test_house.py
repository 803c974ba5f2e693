"""Files name no machine, shipped scenarios are for reading, pins hold no address."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.smoke

REPO = Path(__file__).resolve().parents[1]
SCENARIOS = sorted((REPO / "scenarios").glob("*.yaml"))

# Written as expressions that do not find themselves.
NOT_IN_FILES = {
    "a path of one machine": re.compile(
        r"(?<![\w.~:/-])/(?:home|Users|root|work|workspace|builds|mnt|srv)/\w"
    ),
    "a package registry": re.compile(
        r"(?i)pypi\.org|pythonhosted\.org|registry\.npmjs\.|conda\.anaconda\.org|"
        r"\b[a]rtifactory\b|--?(?:extra-)?index-url|--find-link[s]|(?:PIP|UV)_[A-Z_]*INDEX"
    ),
    "a folder beside the checkout": re.compile(r"\.\./shared"),
    "how the text was made": re.compile(
        r"(?i)\bco-authored-b[y]:|\bai[- ](?:generated|written|assisted)\b|"
        r"\b(?:as an a[i]|language mode[l]|chat ?bo[t])\b|\b(?:LL[M]|GP[T])s?\b"
    ),
}


def test_the_version_is_the_same_everywhere() -> None:
    found = {
        name: re.findall(pattern, (REPO / name).read_text(encoding="utf-8"), re.MULTILINE)
        for name, pattern in {
            "pyproject.toml": r'^version = "(.+)"$',
            "sim/__init__.py": r'^__version__ = "(.+)"$',
            "CITATION.cff": r"^version: (.+)$",
            "codemeta.json": r'^  "version": "(.+)",$',
            "docs/tutorial/researcher.md": r"codose-(.+)-py3-none-any\.whl",
        }.items()
    }
    assert len({tuple(one) for one in found.values()}) == 1, found


def test_the_files_about_the_project_agree() -> None:
    cited = yaml.safe_load((REPO / "CITATION.cff").read_text(encoding="utf-8"))
    meta = json.loads((REPO / "codemeta.json").read_text(encoding="utf-8"))
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [author["name"] for author in cited["authors"]]
    assert [author["name"] for author in meta["author"]] == names
    assert [author["name"] for author in project["authors"]] == names
    assert meta["license"].rsplit("/", 1)[1] == project["license"] == cited["license"]
    assert meta["keywords"] == cited["keywords"]
    doi = cited["references"][0]["doi"]
    assert meta["referencePublication"]["@id"].endswith(doi)
    assert project["urls"]["Source study"].endswith(doi)


def text_files() -> list[Path]:
    """Files that git has or would take; in an unpacked archive all but hidden folders."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
    )
    if listing.returncode == 0:
        paths = [REPO / name for name in listing.stdout.decode().split("\0") if name]
    else:
        paths = [
            path
            for path in REPO.rglob("*")
            if not any(part.startswith(".") for part in path.relative_to(REPO).parts[:-1])
        ]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


def test_files_name_no_machine_and_no_workshop() -> None:
    here = [re.escape(str(path)) for path in (REPO, Path.home()) if len(path.parts) > 2]
    rules = NOT_IN_FILES | ({"this checkout": re.compile("|".join(here))} if here else {})
    found = []
    for path in text_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        for what, pattern in rules.items():
            if hit := pattern.search(text):
                line = text.count("\n", 0, hit.start()) + 1
                found.append(f"{path.relative_to(REPO)}:{line}: {what}: {hit.group()!r}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of one machine", "open('/" + "home/me/data.csv')"),
        ("a package registry", "https://pypi" + ".org/simple"),
        ("a package registry", "pip install --index" + "-url x"),
        ("a folder beside the checkout", "see .." + "/shared/notes"),
        ("how the text was made", "Co-Authored-" + "By: someone"),
    ],
)
def test_the_check_itself_sees(what: str, text: str) -> None:
    assert NOT_IN_FILES[what].search(text)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_scenarios_are_for_reading(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert 15 <= len(lines) <= 40, f"{len(lines)} lines; 15 to 40 fit a reader's eye"
    schema = [line for line in lines if line.startswith("# yaml-language-server: $schema=")]
    assert len(schema) == 1, "editors need one line '# yaml-language-server: $schema=...'"
    comments = [line for line in lines if re.search(r"(?:^|\s)#\s*\w", line) and line not in schema]
    assert comments, "say in a comment what a reader may change"
    assert any(re.match(r"question:\s*\S", line) for line in lines), "say what it asks: 'question:'"


def test_constraints_pin_everything_and_hold_no_address() -> None:
    text = (REPO / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    pins = [line for line in text.splitlines() if line and not line.startswith("#")]
    loose = [line for line in pins if not re.match(r"[A-Za-z0-9._-]+==[\w.+!]+(?: ; .+)?$", line)]
    assert pins
    assert not loose

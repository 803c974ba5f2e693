"""The glossary: one list of words, which everything that explains a word reads."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from sim.core.errors import InputError
from sim.core.glossary import Term, glossary, looked_up, terms_in
from sim.page import data
from tests.test_cli import codose

pytestmark = pytest.mark.smoke

REPO = Path(__file__).resolve().parents[1]
APP = REPO / "sim" / "page" / "app" / "src"


@cache
def code() -> dict[Path, tuple[list[str], set[str]]]:
    """Of each file of the package the strings, and the identifiers."""
    found = {}
    for path in sorted((REPO / "sim").rglob("*.py")):
        strings, names = [], set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.append(node.value)
            elif isinstance(node, ast.arg):
                names.add(node.arg)
            elif isinstance(node, (ast.Name, ast.Attribute)):
                names.add(node.id if isinstance(node, ast.Name) else node.attr)
        found[path] = strings, names
    return found


def read_by_people() -> str:
    """What people read of codose: the page, the documentation, and the strings of the code."""
    files = [*(REPO / "docs").rglob("*.md"), REPO / "README.md", REPO / "sim/page/words.json"]
    texts = [path.read_text(encoding="utf-8") for path in files]
    studies = REPO / "sim" / "studies"
    for path, (strings, _) in code().items():
        texts += strings if path.is_relative_to(studies) else []
    return "\n".join(texts)


def names_of_code() -> set[str]:
    """Every identifier of the code, and every string that could be a name in a table or a file."""
    return {name for strings, names in code().values() for name in (*strings, *names)}


def unread(terms: list[Term], text: str) -> list[str]:
    """Terms that no text has in the words of planners."""
    return [
        one.name
        for one in terms
        if not re.search(rf"\b{re.escape(one.planners)}s?\b", text, re.IGNORECASE)
    ]


def test_terms_are_explained_in_whole_sentences_and_each_once() -> None:
    terms = list(glossary().values())
    for one in terms:
        assert re.fullmatch(r"[a-z_]+", one.name), one
        assert one.planners, one
        assert re.match(r"[A-Z].*\.$", one.meaning), one
        assert one.researchers != one.planners, f"{one.name}: leave out what is the same"
    said = [one.planners for one in terms]
    assert len(set(said)) == len(said)


def test_what_code_calls_a_term_is_a_name_of_the_code() -> None:
    known = names_of_code()
    assert "no_such_name_" + "anywhere" not in known
    assert [one.code for one in glossary().values() if one.code and one.code not in known] == []


def test_no_term_is_explained_that_nobody_reads() -> None:
    text = read_by_people()
    assert unread([Term("x", "quixotic flange", "Nothing.")], text) == ["x"]
    assert unread(list(glossary().values()), text) == []


def test_every_term_of_the_page_is_explained() -> None:
    asked = {
        name
        for path in APP.rglob("*.tsx")
        for name in re.findall(r'<Term name="(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert len(asked) > 4
    assert asked <= {*data.glossary()}
    assert data.glossary()["regret"] == glossary()["regret"].meaning


def test_a_text_holds_the_terms_that_stand_alone_in_it() -> None:
    found = [one.name for one in terms_in("Planned costs differ; trusting is not clear yet.")]
    assert found == ["planned_cost", "not_clear_yet"]
    assert terms_in("Nothing here.") == []


@pytest.mark.parametrize(
    ("word", "name"),
    [("stochastic variation", "chance"), ("Not clear yet", "not_clear_yet"), ("no_ta",
     "without_assistance"), ("trust_step", "trust_step"), ("staff hours", "staff_hours")],
)  # fmt: skip
def test_a_word_of_any_reader_is_looked_up(word: str, name: str) -> None:
    assert [one.name for one in looked_up(word)] == [name]


def test_a_word_that_nothing_is_called_is_refused_with_a_neighbour() -> None:
    with pytest.raises(InputError, match="regret"):
        looked_up("regrett")


def test_the_command_explains_one_word_or_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # a row a line
    every = codose("glossary").out
    for one in glossary().values():
        assert one.meaning in every
    told = json.loads(codose("glossary", "counterfactual", "--json").out)
    assert [one["planners"] for one in told] == ["without assistance"]
    refused = codose("glossary", "regrett")
    assert refused.code == 2
    assert "regret" in refused.err

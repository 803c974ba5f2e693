"""The page reads, checks and writes documents as the commands do; these are the oracle."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sim.core import files
from sim.core.errors import InputError, did_you_mean
from sim.page.data import page_data
from sim.page.opened import opened, plans_in_file
from sim.scenario.loading import parse
from sim.scenario.plans_file import parse_plans
from sim.scenario.scenario import Scenario, _complete
from tests import mutations
from tests import test_scenario_messages as messages
from tests.page_app import ask, node_js

KNOWN = ("schema", "plans_schema", "parameters", "functions", "words")


@cache
def known() -> dict[str, Any]:
    """What a check needs of what Python writes into the page."""
    data = page_data()
    return {name: data[name] for name in KNOWN}


def answers(cases: list[dict[str, Any]], folder: Path) -> list[Any]:
    return ask("documents", {"page": known(), "cases": cases}, folder)


# --- reading -------------------------------------------------------------------------------------

WORDS = (
    "no", "yes", "on", "off", "y", "n", "No", "TRUE", "True", "true", "false", "~", "null", "Null",
    "NULL", "", "0", "-0", "+0", "12", "+12", "-12", "012", "0o14", "0x1F", "0b1", "1_000", "1,000",
    "1e3", "1E3", "1e+3", "1e-3", "1.e3", "1.5", ".5", "-.5", "5.", "1.5.2", "1:30", "190:20:30",
    "2027-01-04", "2027-01-04T10:00:00Z", "14:02", ".inf", "-.inf", "+.INF", ".nan", ".NaN", "nan",
    "inf", "Infinity", "1e400", "1e-400", "9007199254740993", "0.1", "1.0", "100.0", "1e0", "=",
    "'12'", '"no"', "'a''b'", '"a\\u00e9\\n"', '"\\x41"', "a#b", "a #b", "a: b", "a:b", "- a",
    "[1, no, 0x2]", "{a: 1, b: 012}", "[1,]", "{a, b: }", "|\n  x\n  y\n", ">-\n  x\n  y\n",
    "*x", "&x 1", "!!str 1", "!x 1", "<<", "'<<'", "%", "@a", "`a", "? a", "é", "\U0001f600",
    "a\u0085b",
    "a\ufeffb", "x\ty", "'x\n   y'", "x\n   y",
)  # fmt: skip

DOCUMENTS = (
    "", "# only a comment\n", "---\n", "null", "5", "- a\n", "a: 1\na: 2\n", "a: 1\n---\nb: 2\n",
    "--- a\n...\n",
    "a:\n  b: 1\n  b: 2\n", "? a\n: b\n", "? [a]\n: b\n", ": x\n", "a:\n", "<<: {a: 1}\n",
    "'<<': {a: 1}\n",
    "1: x\n", "true: x\n", "\ufeffa: 1\n", "a: [1\n", "a: 'x\n", "a: \x07\n", "\ta: 1\n",
    "a: {b: [1, {c: 2}]}\n",
    "a:\n- 1\n- - 2\n  - 3\n", "a: &x [1]\nb: *x\n", "a: 1 # word\n\n# more\nb: 2\n", "a: b: c\n",
    "%YAML 1.2\n---\na: 1\n", "a: 1\r\nb: 2\r\n", "a: 1\rb: 2\r", "{a: 1, a: 2}",
    '{"a": 1, "b": [true, null]}',
    "[" * 60, "a: " + "[" * 50 + "]" * 50, "- " * 60 + "x", "a: " + "{b: " * 45 + "1" + "}" * 45,
)  # fmt: skip


def told(value: Any) -> Any:
    """As the page tells values: numbers in the words of JavaScript, which has one kind of them."""
    if value is None:
        return {"null": True}
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return f"text {value}"
    if isinstance(value, int | float):
        return {"number": float(value)}
    if isinstance(value, list):
        return [told(one) for one in value]
    return {"mapping": {name: told(one) for name, one in value.items()}}


def understood(value: Any) -> Any:
    """The same, of what the page answered."""
    if isinstance(value, list):
        return [understood(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "number" in value:
        return {"number": float(value["number"])}
    if "mapping" in value:
        return {"mapping": {name: understood(one) for name, one in value["mapping"]}}
    return {"null": True}


def test_the_same_texts_mean_the_same(tmp_path: Path) -> None:
    texts = [*(f"a: {word}\n" for word in WORDS), *DOCUMENTS]
    found = answers([{"what": "read", "text": text} for text in texts], tmp_path)
    wrong = []
    for text, one in zip(texts, found, strict=True):
        try:
            document = parse(text)
        except InputError as error:
            if not one["problems"]:
                wrong.append((text, "read by the page", str(error)))
            continue
        if bool(document.problems) != bool(one["problems"]):
            wrong.append((text, one["problems"], document.problems))
        elif not document.problems and repr(told(document.data)) != repr(understood(one["data"])):
            wrong.append((text, understood(one["data"]), told(document.data)))
    assert not wrong, "\n".join(map(str, wrong))


# --- checking ------------------------------------------------------------------------------------


def decisions(texts: list[str], folder: Path) -> list[tuple[str, list[str], list[str]]]:
    """Each text with the mistakes that Python and the page find."""
    found = answers([{"what": "check", "text": text} for text in texts], folder)
    return [
        (text, python_says(text), [one["text"] for one in page])
        for text, page in zip(texts, found, strict=True)
    ]


def python_says(text: str) -> list[str]:
    try:
        Scenario.from_text(text, "f.yaml")
    except InputError as error:
        return [str(one).partition(": ")[2] for one in error.problems]
    return []


def mutated_texts(first: int, count: int) -> list[str]:
    loader = next(one for one in mutations.loaders() if one.name == "scenario")
    return texts_of(loader, "scenario.yaml", first, count)


def texts_of(loader: mutations.Loader, name: str, first: int, count: int) -> list[str]:
    """Mutated files that are text at all. A line break amid a mapping in braces is left out: the
    parser of the page wants what follows to be indented, that of the commands does not."""
    texts = []
    for number in range(first, first + count):
        raw = loader.case(number)[name]
        try:
            texts.append(raw.decode("utf-8-sig"))
        except UnicodeDecodeError:
            continue
    return [text for text in texts if "\0" not in text and not re.search("\r(?!\n)", text)]


SHARES = [(0, 250), pytest.param(250, 950, marks=pytest.mark.slow)]


@pytest.mark.parametrize(("first", "count"), SHARES)
def test_mutated_scenarios_are_accepted_and_refused_alike(
    first: int, count: int, tmp_path: Path
) -> None:
    node_js()
    wrong = [
        (text, python, page)
        for text, python, page in decisions(mutated_texts(first, count), tmp_path)
        if bool(python) != bool(page)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def listed_texts() -> list[str]:
    """Every text whose message tests/test_scenario_messages.py states, by the functions there."""
    found = []
    for function in vars(messages).values():
        for mark in getattr(function, "pytestmark", ()):
            if mark.name == "parametrize" and mark.args[0] == ("text", "message"):
                head = "" if function.__name__ == "test_text_that_is_no_scenario" else "name: x\n"
                found += [head + text for text, *_ in mark.args[1]]
    return found


def test_the_page_says_what_the_commands_say(tmp_path: Path) -> None:
    found = answers([{"what": "check", "text": text} for text in listed_texts()], tmp_path)
    wrong = []
    for text, page in zip(listed_texts(), found, strict=True):
        if "is not valid YAML" in str(page):
            continue  # the parser's own words
        wanted = sorted(re.sub(r"^f\.yaml(:\d+)?(:\d+)?: ", r"\1 ", one) for one in full(text))
        said = sorted(f":{one['line']} {one['text']}".removeprefix(":0") for one in page)
        if said != wanted:
            wrong.append((text[:200], said, wanted))
    assert not wrong, "\n".join(map(str, wrong))


def full(text: str) -> list[str]:
    try:
        Scenario.from_text(text, "f.yaml")
    except InputError as error:
        return [str(one) for one in error.problems]
    return []


def test_shipped_scenarios_are_sound(tmp_path: Path) -> None:
    texts = [path.read_text() for path in sorted(files.folder("scenarios").glob("*.yaml"))]
    for text, python, page in decisions(texts, tmp_path):
        assert python == page, text


def test_suggestions_are_those_of_difflib(tmp_path: Path) -> None:
    names = [one["name"] for one in known()["parameters"]]
    chance = random.Random(4)
    words = [*names[:20], "", "trust", "x" * 300]
    for name in names:
        letters = list(name)
        for _ in range(chance.choice((1, 2, 4))):
            at = chance.randrange(len(letters))
            letters[at] = chance.choice("abcdefghij_ ")
        words.append("".join(letters))
    found = answers([{"what": "near", "word": word, "options": names} for word in words], tmp_path)
    assert found == [did_you_mean(word, names) for word in words]


# --- plans files ---------------------------------------------------------------------------------


def plans_says(text: str) -> list[str]:
    """Mistakes in a plans file and all its scenarios, as the page looks for them at once."""
    try:
        parts = parse_plans(text, "f.yaml").documents
    except InputError as error:
        return [str(one) for one in error.problems]
    found = []
    for name in parts:
        try:
            Scenario._of(_complete(parts[name], None))
        except InputError as error:
            found += [str(one) for one in error.problems]
    return found


@pytest.mark.parametrize(("first", "count"), SHARES)
def test_mutated_plans_files_are_accepted_and_refused_alike(
    first: int, count: int, tmp_path: Path
) -> None:
    node_js()
    loader = next(one for one in mutations.loaders() if one.name == "plans")
    texts = texts_of(loader, "my.plans.yaml", first, count)
    found = answers([{"what": "plans", "text": text} for text in texts], tmp_path)
    wrong = [
        (text, plans_says(text), page)
        for text, page in zip(texts, found, strict=True)
        if bool(plans_says(text)) != bool(page)
    ]
    assert not wrong, "\n".join(map(str, wrong))


MISTAKES = (
    ("version: 1", "version: 2"), ("version: 1", "version: 1.0"), ("version: 1\n", ""),
    ("codose: plans", "codose: plan"), ("open: Fewer", "open: Fewr"),
    ("reference: What we do now", "reference: no"), ("of: centre", "of: center"),
    ("a_year: 300000", "a_year: -1"), ("a_year: 300000", "a_year: '300'"),
    ("integration", "integratio"), ("sure: 0.7", "sure: 70"), (", sure: 0.7", ""),
    ("end_of_ta", "end"), ("at_least: 0.4", "at_least: .nan"), ("at_least", "atleast"),
    ("- name: Fewer visits", "- name: What we do now"), ("- name: Fewer visits", "- title: F"),
    ("every_weeks: 13", "every_weeks: 0"), ("region_1", "region_9"), ("first_week: 2, ", ""),
    ("currency", "curency"),
)  # fmt: skip


def test_mistakes_in_a_plans_file_are_told_alike(tmp_path: Path) -> None:
    texts = [mutations.PLANS.decode().replace(a, b, 1) for a, b in MISTAKES]
    found = answers([{"what": "plans", "text": text} for text in texts], tmp_path)
    for text, page, change in zip(texts, found, MISTAKES, strict=True):
        wanted = [re.sub(r"^f.yaml:(\d+):\d+: ", r"\1 ", one) for one in plans_says(text)]
        assert sorted(f"{one['line']} {one['text']}" for one in page) == sorted(wanted), change


# --- writing -------------------------------------------------------------------------------------

TEXTS = (
    "", "x", "no", "012", "1e3", "1:30", "~", "null", "true", "<<", "=", "- a", "a: b", "a #b",
    "#a",
    "'", '"', "\\", "a\nb", "a\nb\n", "\na", "a\n\nb", " a", "a ", "a \nb", "\ta", "é",
    "\U0001f600",
    "\u2028", "\ufeffx", "\x85", "%", "@", "&a", "*a", "!a", "|", ">", "{", "[", "? a", "x" * 300,
    "word " * 60, "a: " * 40, "2027-01-04", "__proto__", "constructor", "<script>alert(1)</script>",
)  # fmt: skip


def nested(chance: random.Random, depth: int = 0) -> Any:
    """Plain data with every kind of value and of key."""
    kind = chance.randrange(8 if depth < 4 else 5)
    if kind >= 6:
        return {chance.choice(TEXTS[1:]): nested(chance, depth + 1) for _ in range(4)}
    if kind == 5:
        return [nested(chance, depth + 1) for _ in range(chance.randrange(4))]
    return chance.choice(
        (chance.choice(TEXTS), chance.choice(TEXTS), None, True, chance.randrange(10**6),
         chance.random(), -1e-7, 1e22, 0.5, chance.choice(TEXTS))
    )  # fmt: skip


def test_what_the_page_writes_the_commands_read_back(tmp_path: Path) -> None:
    chance = random.Random(7)
    wanted = [{"name": text, "more": nested(chance)} for text in TEXTS for _ in range(4)]
    found = answers([{"what": "write", "data": one} for one in wanted], tmp_path)
    for text, data in zip(found, wanted, strict=True):
        try:
            document = parse(text)
        except InputError as error:
            raise AssertionError(text) from error
        assert not document.problems, text
        assert document.data == data, text


def test_shipped_scenarios_come_back_unchanged_with_their_comments(tmp_path: Path) -> None:
    texts = [
        path.read_text() for path in sorted(files.folder("scenarios").glob("*.yaml"))
        if "file:" not in path.read_text()
    ]  # fmt: skip
    found = answers([{"what": "again", "text": text} for text in texts], tmp_path)
    for text, again in zip(texts, found, strict=True):
        assert Scenario.from_text(again).digest() == Scenario.from_text(text).digest()
        assert re.findall(r"(?:^|\s)#.*", again) == re.findall(r"(?:^|\s)#.*", text)


def test_a_saved_plans_file_is_read_by_the_commands(tmp_path: Path) -> None:
    text = mutations.PLANS.decode().replace(
        "      horizon_weeks: 60\n", "      horizon_weeks: 60  # a year\n", 1
    )
    again = answers([{"what": "again", "text": text}], tmp_path)[0]
    assert "# a year" in again
    one, other = parse_plans(text), parse_plans(again)
    assert one.fields == other.fields


def test_a_page_opens_with_a_plans_file(tmp_path: Path) -> None:
    path = tmp_path / "my.plans.yaml"
    path.write_bytes(mutations.PLANS)
    found = opened([str(path)])
    assert found is not None
    assert [plan["name"] for plan in found["plans"]] == ["What we do now", "Fewer visits"]
    assert (found["open"], found["reference"]) == ("Fewer visits", "What we do now")
    assert found["budget"] == {"a_year": 300000.0, "of": "centre"}
    assert found["targets"][0]["sure"] == 0.7
    large = tmp_path / "any.yaml"  # as large as the logs of several plans make it
    large.write_bytes(mutations.PLANS + b"# " + b"x" * 2**20)
    assert plans_in_file(large) == found
    one = opened([f"{path}#Fewer visits", "source"])
    assert one is not None
    assert next(plan["name"] for plan in one["plans"]) == "Fewer visits"
    assert one["targets"] == []


def test_commands_take_plans_of_a_file(tmp_path: Path) -> None:
    from sim.studies.kind import StudyKind

    path = tmp_path / "my.plans.yaml"
    path.write_bytes(mutations.PLANS)
    study = StudyKind.of("compare").make(scenarios=[str(path)], sets=2, replicates=1, gains=True)
    assert study.labels == ("What we do now", "Fewer visits")
    assert Scenario.load(f"{path}#Fewer visits").logged_weeks == 1
    for given, said in (
        (path, "holds 2 plans; say which"),
        (f"{path}#Fewer visit", "did you mean 'Fewer visits'"),
        (f"{path}#nothing like it", "allowed: What we do now, Fewer visits"),
    ):
        with pytest.raises(InputError, match=re.escape(said)):
            Scenario.load(given)

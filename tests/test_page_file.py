"""``codose page``: one file, whole, that asks nobody for anything and says what Python says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.core import outcomes, parameters
from sim.core.errors import InputError
from sim.engine import artefact
from sim.page import build, data, opened
from sim.scenario.scenario import Scenario, shipped_names
from sim.stats.intervals import t_value
from sim.studies.plausible import plausible_sets
from tests.cases import codose

LARGEST = 1_500_000
"""Bytes of the page: what a mail takes, and a phone loads at once."""


class Elements(HTMLParser):
    """The elements of a page with what stands in them, as a browser takes them apart."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", {}, ""))  # what follows is not its text

    def handle_data(self, data: str) -> None:
        if not self.found:
            return
        tag, attrs, text = self.found[-1]
        self.found[-1] = (tag, attrs, text + data)

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        """Attributes and text of all elements of one kind."""
        return [(attrs, text) for name, attrs, text in self.found if name == tag]

    def part(self, name: str) -> str:
        """The text of an embedded part."""
        return next(
            text for attrs, text in self.of("script") if attrs.get("id") == f"codose-{name}"
        )


@pytest.fixture(scope="module")
def html() -> str:
    return build.page_html(data.page_data())


@pytest.fixture(scope="module")
def page(html: str) -> Elements:
    return Elements(html)


def test_the_page_is_small(html: str) -> None:
    assert len(html.encode()) < LARGEST


def test_every_part_is_there_and_whole(page: Elements) -> None:
    assert base64.b64decode(page.part("wasm")) == (artefact.SHIPPED / "engine.wasm").read_bytes()
    layout = json.loads((artefact.SHIPPED / "layout.json").read_text(encoding="utf-8"))
    assert json.loads(page.part("layout")) == layout
    assert json.loads(page.part("data")) == json.loads(build.json_text(data.page_data()))
    assert page.part("app")


def test_the_policy_allows_what_is_in_the_file_and_nothing_else(page: Elements) -> None:
    metas = [attrs for attrs, _ in page.of("meta")]
    assert metas[1]["http-equiv"] == "Content-Security-Policy"  # before anything that it is about
    policy = dict(
        part.strip().split(" ", 1) for part in (metas[1]["content"] or "").split(";")
    )  # fmt: skip

    def sha(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    styles = [text for _, text in page.of("style")]
    assert len(styles) == 1
    assert policy == {
        "default-src": "'none'",
        "script-src": f"{sha(page.part('app'))} 'wasm-unsafe-eval'",
        "style-src": sha(styles[0]),
        "worker-src": "blob:",
        "img-src": "data: blob:",
        "connect-src": "'none'",
        "form-action": "'none'",
        "base-uri": "'none'",
    }


def test_nothing_is_fetched_and_nothing_is_evaluated(page: Elements) -> None:
    for tag, attrs, _ in page.found:
        for name in ("src", "href", "data", "srcset", "action"):
            assert not re.match(r"(?i)https?:|//", attrs.get(name) or ""), (tag, attrs)
        assert not any(name.startswith("on") for name in attrs), (tag, attrs)
        assert "style" not in attrs, (tag, attrs)
    app = page.part("app")
    assert not re.search(r"\beval\(|new Function\(|\bimportScripts\(", app)


@pytest.mark.parametrize("name", ["</script><b>", "<!--", "<script>", "@app@", "\\u003c", "\u2028"])
def test_a_hostile_name_stays_a_name(name: str) -> None:
    given = opened.document([{"name": name}])
    page = Elements(build.page_html(data.page_data(opened=given)))
    assert json.loads(page.part("data"))["opened"]["plans"][0]["name"] == name
    assert len(page.of("script")) == 4
    assert not page.of("b")


def test_scripts_keep_their_meaning_when_they_are_made_safe() -> None:
    assert build.script_text('x = "</script>"') == 'x = "\\x3c/script>"'
    assert build.script_text("a\r\nb\rc") == "a\nb\nc"
    app = (build.DIST / "app.js").read_text(encoding="utf-8")
    # Elsewhere than in a string the escape would change the program: nothing may need it there.
    assert not build.ENDS_SCRIPT.search(app)


# --- what Python says ----------------------------------------------------------------------------


def test_tables_are_in_the_order_of_the_engine() -> None:
    layout = json.loads((artefact.SHIPPED / "layout.json").read_text(encoding="utf-8"))
    found = data.page_data()
    assert [one["name"] for one in found["outcomes"]] == layout["outcomes"]
    assert [one["name"] for one in found["parameters"]] == layout["parameters"]
    assert found["engine"] == layout["stamp"]


def test_sets_are_those_of_the_commands_to_the_bit() -> None:
    found = data.shipped_sets()
    sets = plausible_sets()
    values = np.frombuffer(base64.b64decode(found["values"]), "<f8").reshape(found["count"], -1)
    assert np.array_equal(values, np.array([one.vector() for one in sets.sets]))
    assert found["source"] == sets.source
    assert set(found["varied"]) == set(sets.varied)


def test_students_t_is_that_of_the_commands() -> None:
    found = data.page_data()["t"]
    assert found[0] is None
    assert all(found[n] == t_value(n) for n in (1, 2, 49, data.DEGREES))


def test_every_shipped_scenario_but_the_engineering_case_is_offered_once() -> None:
    found = data.shipped_scenarios()
    keys = [one["key"] for one in found]
    assert keys[:2] == ["planning", "blank"]
    assert sorted(keys) == sorted({*shipped_names(), "blank"} - {*data.LEFT_OUT})
    for one in found:
        if one["key"] != "blank":
            assert Scenario.from_dict(one["scenario"]) == Scenario.shipped(one["key"])
    assert not Scenario.from_dict(data.blank()).has_ta


def test_the_glossary_explains_in_whole_sentences() -> None:
    for name, text in data.glossary().items():
        assert re.fullmatch(r"[a-z0-9_]+", name)
        assert re.match(r"[A-Z]", text), name
        assert text.endswith("."), name
    assert {*outcomes.NAMES} <= {*data.glossary()}


def test_grades_and_ranges_are_those_of_the_table() -> None:
    for told, row in zip(data.page_data()["parameters"], parameters.rows(), strict=True):
        for name in ("name", "meaning", "unit", "default", "low", "high", "grade", "source"):
            assert told[name] == getattr(row, name)


# --- what it opens with --------------------------------------------------------------------------


def test_a_scenario_comes_back_as_it_was() -> None:
    found = opened.opened(["source", "planning"])
    assert found is not None
    assert [Scenario.from_dict(one["scenario"]) for one in found["plans"]] == [
        Scenario.shipped("source"), Scenario.shipped("planning"),
    ]  # fmt: skip


def test_two_plans_of_one_name_are_told_apart() -> None:
    found = opened.opened(["source", "source", "source"])
    assert found is not None
    name = Scenario.shipped("source").name
    names = [one["name"] for one in found["plans"]]
    assert names == [name, f"{name} (2)", f"{name} (3)"]
    assert [one["scenario"]["name"] for one in found["plans"]] == names


LOG = "date,region,mode,hours\n2026-03-02,region_1,video,1.5\n2026-11-23,region_2,onsite,4\n"


def test_a_log_is_the_history_and_the_plan_goes_on_after_it(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(LOG)
    found = opened.opened(["planning"], log)
    assert found is not None
    scenario = Scenario.from_dict(found["plans"][0]["scenario"])
    assert scenario.contact_log is not None
    assert [row.region for row in scenario.contact_log.rows] == ["region_1", "region_2"]
    assert str(scenario.start_date) == "2026-03-02"
    last = scenario.contact_log.rows[-1].week
    before = Scenario.shipped("planning")
    for series, old in zip(scenario.dosage, before.dosage, strict=True):
        assert series.first_week > last
        assert (series.first_week - old.first_week) % old.every_weeks == 0  # in its rhythm
        assert series.last_week == old.last_week


def test_a_series_that_ended_before_the_log_is_gone(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(LOG)
    early = tmp_path / "early.yaml"
    text = "name: Early\ndosage: [{mode: video, every_weeks: 2, hours: 1, last_week: 20}]\n"
    early.write_text(text)
    found = opened.opened([str(early)], log)
    assert found is not None
    assert "dosage" not in found["plans"][0]["scenario"]


# --- the command ---------------------------------------------------------------------------------


def test_the_command_writes_one_file(tmp_path: Path) -> None:
    out = tmp_path / "a.html"
    done = codose("page", "source", "--out", str(out))
    assert done.exit_code == 0, done.stderr
    page = Elements(out.read_text(encoding="utf-8"))
    given = json.loads(page.part("data"))
    assert [one["name"] for one in given["opened"]["plans"]] == [Scenario.shipped("source").name]
    assert given["served"] is False
    again = codose("page", "--out", str(out))
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert codose("page", "--out", str(out), "--force").exit_code == 0
    assert json.loads(Elements(out.read_text(encoding="utf-8")).part("data"))["opened"] is None


def refused(*words: str) -> list[str]:
    """The sentences of a command that refuses."""
    done = codose(*words)
    assert done.exit_code == 2, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


def test_a_log_of_regions_that_a_plan_does_not_know(tmp_path: Path) -> None:
    """A plan whose regions have names of their own does not take those of the log."""
    log = tmp_path / "log.csv"
    log.write_text(
        "date,region,mode,hours,status\n2016-11-02,hills,video,1,held\n", encoding="utf-8"
    )
    lines = refused("page", "centre_log", "--log", str(log), "--out", str(tmp_path / "a.html"))
    assert len(lines) == 1
    assert "'hills' is not a region; allowed: lakes, plains, coast" in lines[0]
    assert not (tmp_path / "a.html").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sauce"], "did you mean 'source'"),
        (["--sets", "docs"], "'docs' holds no plausible sets"),
        (["--log", "absent.csv"], "there is no such file"),
    ],
)
def test_what_cannot_be_used_is_said(words: list[str], said: str, tmp_path: Path) -> None:
    lines = refused("page", *words, "--out", str(tmp_path / "a.html"))
    assert said in lines[0]
    assert not (tmp_path / "a.html").exists()


def test_a_log_that_is_not_clear_names_the_command_that_asks(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("Date,State,Type,Minutes\n3/3/2025,region_1,Zoom,90\n")
    lines = refused("page", "--log", str(log), "--out", str(tmp_path / "a.html"))
    assert "month first or day first" in lines[0]
    assert f"codose import log {log}" in lines[-1]


def test_mistakes_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("name: x\nhorizon_wekks: 3\n")
    files = [str(tmp_path / f"{name}.yaml") for name in ("a", "b")]
    lines = refused("page", *files, "--out", str(tmp_path / "x.html"))
    assert [line.split(":")[0] for line in lines] == files


def test_json_for_the_page_has_no_number_that_json_lacks() -> None:
    text = build.json_text({"a": [float("inf"), float("nan"), 1.5], "b": "<"})
    assert json.loads(text) == {"a": [None, None, 1.5], "b": "<"}
    assert "<" not in text


def test_a_story_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a story"):
        data.page_data(story="no such story")


def test_words_have_no_empty_sentence() -> None:
    words = json.loads((build.HERE / "words.json").read_text(encoding="utf-8"))

    def walk(value: Any, where: str) -> list[str]:
        if isinstance(value, dict):
            return [one for key, part in value.items() for one in walk(part, f"{where}.{key}")]
        if isinstance(value, list):
            return [one for i, part in enumerate(value) for one in walk(part, f"{where}[{i}]")]
        return [where] if value == " " else []

    assert not walk(words, "words")

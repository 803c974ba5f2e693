"""The class: replays are the engine's runs, printed arithmetic is right, questions have answers."""

from __future__ import annotations

import json
import math
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_app import ask

from sim.core.outcomes import COLUMN, INDEX, OUTCOMES
from sim.core.parameters import NAMES, Parameters
from sim.engine import artefact, compiled, tables
from sim.engine.job import job
from sim.engine.reduction import Reduction
from sim.page.equations import equations
from sim.scenario.scenario import Scenario
from sim.stats.drivers import drivers
from sim.studies.plausible import plausible_sets
from tests.page_clock import ACTS, DISCUSS

REPO = Path(__file__).resolve().parents[1]
STORIES = json.loads((REPO / "sim" / "page" / "stories.json").read_text(encoding="utf-8"))
SIDES = ("left", "right")
REPLICATES = 8
"""Runs of each plausible set behind a right choice, as on the page."""
HOLDS = 0.8
SOME = [one for one in STORIES if one["key"] in ("doing", "overload")]
EXTENT = [pytest.param(SOME, id="some"), pytest.param(STORIES, id="all", marks=pytest.mark.slow)]
"""The default suite looks at two stories, the slow tests at all."""
FLOWS = {
    "held": "held", "present": "present", "failed_provider": "failed_provider",
    "failed_region": "failed_region", "leavers": "leavers", "provider_left": "provider_left",
    "lapsed": "lapsed",
}  # fmt: skip


def scenario_of(story: dict[str, Any], side: int, off: list[str] | None = None) -> Scenario:
    """A side of a story, with some of its switches off."""
    changes = story["sides"][side]["changes"]
    parameters = {**story["scenario"]["parameters"], **changes.get("parameters", {})}
    for one in story.get("switches", ()):
        if off and one["key"] in off:
            parameters.update(one["parameters"])
    return Scenario.from_dict({**story["scenario"], **changes, "parameters": parameters})


def story_sides(stories: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int, Scenario]]:
    return [(story, side, scenario_of(story, side)) for story in stories for side in (0, 1)]


def engine_files() -> dict[str, Any]:
    return {
        "script": str(REPO / "sim" / "engine" / "browser" / "engine.js"),
        "layout": str(artefact.SHIPPED / "layout.json"),
        "wasm": str(artefact.SHIPPED / "engine.wasm"),
        "equations": equations(),
    }


class Replays:
    """Some runs to replay, and what the app says of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[dict[str, Any]] = []
        self.runs: list[tuple[Scenario, Parameters, int, int]] = []

    def add(self, scenario: Scenario, parameters: Parameters, seed: int, replicate: int,
            **more: Any) -> None:  # fmt: skip
        file = self.folder / f"{len(self.asked)}.job"
        file.write_bytes(job(scenario, seed))
        values = [float(one) for one in parameters.vector()]
        self.asked.append({"job": str(file), "set": values, "replicate": replicate, **more})
        self.runs.append((scenario, parameters, seed, replicate))

    def answer(self) -> list[Any]:
        return ask("klass", {**engine_files(), "replays": self.asked}, self.folder)["replays"]


@pytest.mark.parametrize("stories", EXTENT)
def test_replays_are_the_runs_of_the_engine(stories: list[dict[str, Any]], tmp_path: Path) -> None:
    """Every state of everybody at the end of every week, bit for bit; and the same events."""
    replays = Replays(tmp_path)
    sets = plausible_sets(50)
    for number, (_, _, scenario) in enumerate(story_sides(stories)):
        replays.add(scenario, scenario.parameter_set(), scenario.seed, number % 5)
        replays.add(scenario, sets.within(scenario)[number], 7 + number, 2**31 + number)
    shipped = ("classroom", "core_team", "turnover_wave", "on_demand", "irregular")
    for name in shipped if stories is STORIES else shipped[:1]:
        scenario = Scenario.shipped(name)
        replays.add(scenario, scenario.parameter_set(), 5, 1)
    for found, (scenario, parameters, seed, replicate) in zip(
        replays.answer(), replays.runs, strict=True
    ):
        assert found["differences"] == [], scenario.name
        assert found["weeks"] == scenario.horizon_weeks + 1
        record = compiled.simulate(scenario, parameters, seed, replicate).sum(axis=1)
        for week, events in enumerate(found["events"]):
            for event, column in FLOWS.items():
                assert events[event] == record[week, COLUMN[column]], (scenario.name, week, event)
            for what in ("made", "kept", "broken"):
                both = sum(record[week, COLUMN[f"{what}_{who}"]] for who in ("staff", "provider"))
                assert events[what] == both, (scenario.name, week, what)


def value_of(text: str) -> float:
    """The value of a printed expression."""
    for sign, python in (("−", "-"), ("×", "*"), ("^", "**"), ("√", "sqrt")):
        text = text.replace(sign, python)
    return float(eval(text, {"__builtins__": {}, "sqrt": math.sqrt, "exp": math.exp}))


def number(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.mark.parametrize(
    ("stories", "least"),
    [
        pytest.param(SOME[:1], 5_000, id="one"),
        pytest.param(STORIES, 80_000, id="all", marks=pytest.mark.slow),
    ],
)
def test_printed_arithmetic_gives_the_printed_numbers(
    stories: list[dict[str, Any]], least: int, tmp_path: Path
) -> None:
    """Of every person, week and story: the expression, the amount, the sum and the end."""
    replays = Replays(tmp_path)
    for _, _, scenario in story_sides(stories):
        replays.add(scenario, scenario.parameter_set(), scenario.seed, 1, accounts=True)
    lines = 0
    for found, (scenario, *_) in zip(replays.answer(), replays.runs, strict=True):
        for account in found["accounts"]:
            where = f"{scenario.name}, {account['where']}"
            half = 0.5000001 * 10.0 ** -account["digits"]
            unit = 10 ** account["digits"]
            assert abs(number(account["shownStart"]) - account["start"]) <= half, where
            assert abs(number(account["shownEnd"]) - account["end"]) <= max(half, 4e-12), where
            shown = [round(number(one["shown"]) * unit) for one in account["told"]]
            total = round(number(account["shownStart"]) * unit) + sum(shown)
            assert total == round(number(account["shownEnd"]) * unit), where
            exact = account["start"] + sum(one["amount"] for one in account["told"])
            assert exact == pytest.approx(account["end"], abs=1e-12), where
            for one in account["told"]:
                assert abs(number(one["shown"]) - one["amount"]) <= half, where
                assert one["lines"][0][1] == one["shown"], where
                for expression, value in one["lines"]:
                    lines += 1
                    digits = len(value.split(".")[1])
                    off = abs(value_of(expression) - number(value))
                    assert off <= 0.5000001 * 10.0**-digits, (where, expression, value)
    assert lines > least


# --- stories -------------------------------------------------------------------------------------


def means_of(scenario: Scenario) -> np.ndarray:
    """Means over the replicates of each plausible set: (set, week, outcome)."""
    sets = plausible_sets(50).within(scenario)
    which = np.repeat(np.arange(len(sets)), REPLICATES)
    prepared = compiled.prepare(scenario, scenario.seed, scenario.parameter_set().calendar_stagger)
    records = compiled.run_chunk(
        prepared, tables.parameter_rows(list(sets)), which, np.arange(len(which))
    )
    weeks = tuple(range(scenario.horizon_weeks + 1))
    reduction = Reduction.of(scenario, list(sets), weeks, every_week=True)
    values = reduction.at_points(records, which)[:, :, -1, :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(values.reshape(len(sets), REPLICATES, *values.shape[1:]), axis=1)


class Sides:
    """Means of both sides of a story, with some switches off."""

    def __init__(self, story: dict[str, Any], off: list[str]) -> None:
        self.values = [means_of(scenario_of(story, side, off)) for side in (0, 1)]

    def of(self, side: str, outcome: str, week: int) -> np.ndarray:
        return self.values[SIDES.index(side)][:, week, INDEX[outcome]]

    def value(self, expression: Any, on: Sides) -> Any:
        """An expression of a rule, over the sets."""
        match expression:
            case int() | float():
                return np.full(50, float(expression))
            case {"side": side, "outcome": outcome, "week": week}:
                return self.of(side, outcome, week)
            case ["on", inner]:
                return on.value(inner, on)
            case [operation, a, b]:
                x, y = self.value(a, on), self.value(b, on)
                with np.errstate(all="ignore"):
                    return {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[
                        operation
                    ](x, y)
        raise AssertionError(expression)

    def choices(self, rule: dict[str, Any], on: Sides) -> tuple[np.ndarray, np.ndarray]:
        """The choice that holds in each set, and the value that decides."""
        if "largest" in rule:
            values = np.stack([self.value(one, on) for one in rule["largest"]])
            ordered = np.sort(values, axis=0)
            return values.argmax(axis=0), ordered[-1] - ordered[-2]
        value = self.value(rule["value"], on)
        cuts = np.stack([self.value(one, on) for one in rule["cuts"]])
        return (cuts <= value).sum(axis=0), value

    def needed(self, step: dict[str, Any]) -> dict[str, Any]:
        """The means that a step looks at, for JSON."""
        looks = {
            (one["outcome"], week) for one in step["show"] for week in (one["week"], one["from"])
        }
        _collect(step["rule"], looks)
        return {
            side: {
                outcome: {
                    str(week): self.of(side, outcome, week).tolist()
                    for name, week in looks if name == outcome
                }
                for outcome, _ in looks
            }
            for side in SIDES
        }  # fmt: skip


def _collect(part: Any, looks: set[tuple[str, int]]) -> None:
    if isinstance(part, dict) and "side" in part:
        looks.add((part["outcome"], part["week"]))
    elif isinstance(part, dict | list):
        for one in part.values() if isinstance(part, dict) else part:
            _collect(one, looks)


@pytest.fixture(scope="module", params=EXTENT)
def steps(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """Every step of every story: what the page makes of it, and what Python does."""
    found, asked = [], []
    for story in request.param:
        known: dict[tuple[str, ...], Sides] = {}
        for step in story["steps"]:
            off = tuple(step.get("off", ()))
            for wanted in {off, ()}:
                known.setdefault(wanted, Sides(story, list(wanted)))
            now, on = known[off], known[()]
            found.append({"story": story, "step": step, "now": now, "on": on})
            asked.append({"step": step, "means": now.needed(step), "on": on.needed(step)})
    sets = plausible_sets(50)
    columns = np.array([one.vector() for one in sets.sets]).T
    varied = [i for i in range(len(NAMES)) if np.ptp(columns[i]) > 0]
    answers = ask(
        "klass",
        {
            **engine_files(), "steps": asked, "sets": 50,
            "names": [NAMES[i] for i in varied], "columns": columns[varied].tolist(),
            "kinds": {name: one.kind for name, one in OUTCOMES.items()},
        },
        tmp_path_factory.mktemp("class"),
    )["steps"]  # fmt: skip
    for one, answer in zip(found, answers, strict=True):
        one |= answer
    return found


def test_every_question_has_its_right_choice(steps: list[dict[str, Any]]) -> None:
    """The page finds the choice that Python finds; where it depends, it says on what."""
    sets = plausible_sets(50)
    for one in steps:
        step, right = one["step"], one["right"]
        where = f"{one['story']['title']}: {step['question']}"
        index, value = one["now"].choices(step["rule"], one["on"])
        known = ~np.isnan(value)
        counts = np.bincount(index[known], minlength=len(step["choices"]))
        assert right["counts"] == counts.tolist(), where
        assert right["sets"] == known.sum() >= 45, where
        certain = counts.max() >= HOLDS * known.sum()
        assert right["index"] == (counts.argmax() if certain else len(step["choices"])), where
        assert len(step["says"]) == len(step["choices"]) == len({*step["choices"]}), where
        if not certain:
            vectors = np.array([one.vector() for one in sets.sets])
            best = drivers(vectors, NAMES, value)[0]
            assert right["driver"]["parameter"] == best.name, where


def test_most_questions_have_an_answer_that_holds(steps: list[dict[str, Any]]) -> None:
    """A class is not asked riddles: most questions are decided, and some are not, which is said."""
    open_ones = [one for one in steps if one["right"]["index"] == len(one["step"]["choices"])]
    assert 1 <= len(open_ones) <= len(steps) / 4


def test_a_reply_does_not_say_what_the_answer_after_it_says(steps: list[dict[str, Any]]) -> None:
    """The reply to a wrong choice stands before that to the right one, so they share no sentence;
    a reply that is the same text is shown once."""

    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[a-z']+", text.lower())
        return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}

    for one in steps:
        says, index = one["step"]["says"], one["right"]["index"]
        if index == len(says):  # it depends: one reply alone is shown
            continue
        for reply in {*says} - {says[index]}:
            assert not runs(reply) & runs(says[index]), reply


def test_printed_numbers_of_reveals_add_up(steps: list[dict[str, Any]]) -> None:
    for one in steps:
        for found in one["reveals"]:
            unit = 10 ** found["digits"]
            whole = [
                {name: round(number(text) * unit) for name, text in found[side].items()}
                for side in SIDES
                if found[side]["start"]
            ]
            for side in whole:
                assert side["start"] + side["change"] == side["end"], one["step"]["question"]
            ends = [round(number(found[side]["end"]) * unit) for side in SIDES]
            assert ends[1] - ends[0] == round(number(found["difference"]) * unit)
            for side, end in zip(SIDES, ends, strict=True):
                exact = np.nanmean(one["now"].of(side, found["outcome"], found["week"]))
                assert abs(end / unit - exact) <= 0.5000001 / unit


@pytest.mark.parametrize("stories", EXTENT)
def test_each_step_points_at_somebody_who_was_there(
    stories: list[dict[str, Any]], tmp_path: Path
) -> None:
    """The person and the week in which the term of a step acted most, in the shown region."""
    replays = Replays(tmp_path)
    for story in stories:
        for step in story["steps"]:
            side = SIDES.index(step["look"]["side"])
            scenario = scenario_of(story, side, step.get("off"))
            replays.add(scenario, scenario.parameter_set(), scenario.seed, 0, looks=[step["look"]])
    questions = [(story, step) for story in stories for step in story["steps"]]
    for (story, step), found in zip(questions, replays.answer(), strict=True):
        (best,) = found["telling"]
        where = f"{story['title']}: {step['question']}"
        assert best, where
        assert step["look"]["from"] <= best["week"] <= step["look"]["to"], where
        assert best["amount"] != 0, where


# --- time ----------------------------------------------------------------------------------------

TEACHING = REPO / "docs" / "teaching"
SLOT = re.compile(r"^\| (\d+)-(\d+) \| (.*?) \|", re.MULTILINE)


def test_the_page_of_the_class_says_what_the_clock_adds() -> None:
    told = (REPO / "docs" / "how-to" / "class.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"^\| ([a-z ,]+) \| (\d+) \|$", told, re.MULTILINE))
    assert {what: int(seconds) for what, seconds in found.items()} == ACTS
    assert f"{DISCUSS} seconds more" in told


@pytest.mark.parametrize("lesson", ["practitioners", "planners", "methods"])
def test_a_lesson_gives_its_stories_the_time_that_they_take(lesson: str) -> None:
    """Rows follow each other over 50 minutes; the discussion of a story is the lesson's own."""
    rows = SLOT.findall((TEACHING / f"{lesson}.md").read_text(encoding="utf-8"))
    ends = [int(end) for _, end, _ in rows]
    assert [int(begin) for begin, _, _ in rows] == [0, *ends[:-1]]
    assert ends[-1] == 50
    given = {
        story["key"]: int(end) - int(begin)
        for begin, end, what in rows
        for story in STORIES if what.startswith(f"**{story['title'].rstrip('?')}")
    }  # fmt: skip
    assert given, lesson
    for story in STORIES:
        if story["key"] in given:
            assert given[story["key"]] >= story["minutes"] - DISCUSS / 60, story["title"]

"""What the documents say is true: tables, commands, code blocks, links, shipped scenarios."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sim.core import outcomes, parameters, rules, streams
from sim.engine.compiled import simulate  # the bits of the readable engine: tests/test_engines.py
from sim.model.week import CoCreationModel
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario, shipped_names
from sim.studies import equation, odd
from tests.cases import codose

REPO = Path(__file__).resolve().parents[1]
README = REPO / "README.md"
ODD = REPO / "docs" / "ODD.md"
DOCUMENTS = sorted([*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md")])
# The answer a document gives to "which scenarios are there": more may be added, none taken away.
PROMISED = {
    "source", "planning", "sibling", "classroom", "no_ta", "light_touch", "intensive_start",
    "phone_only", "directive", "core_team", "irregular", "on_demand", "provider_overload",
    "turnover_wave", "delivery_phase", "national", "centre_log", "graphml_team",
    "relationship_first", "training_only", "assigned_tasks",
}  # fmt: skip


def blocks(path: Path, language: str) -> list[str]:
    """The fenced code blocks of one language in a Markdown file."""
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def readme_commands() -> list[str]:
    """Every ``codose`` line of README's console blocks."""
    lines = "\n".join(blocks(README, "console")).splitlines()
    return [line for line in lines if line.startswith("codose ")]


def command_table() -> list[list[str]]:
    """The commands of README's table, as words."""
    found = re.findall(r"^\| `codose ([^`]+)` \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    return [line.split() for line in found]


# --- the ODD ---------------------------------------------------------------------------------


PARAMETER_HEAD = ("name", "symbol", "meaning", "unit", "default", "plausible range",
                  "limits of the equation", "grade", "source", "role")  # fmt: skip


def plain(cell: str) -> str:
    """A cell of a Markdown table as it was before it was marked up."""
    return cell.strip().strip("`").replace("\\|", "|").replace("\\*", "*").replace("&lt;", "<")


def parameter_rows(text: str) -> list[dict[str, Any]]:
    """The parameter table of an ODD text: one dict a row, with the fields of a ``Parameter``."""
    table = re.search(
        r"<!-- table: parameters -->\s*(.*?)\s*<!-- end of table: parameters -->", text, re.DOTALL
    )
    assert table, "the text has no parameter table"
    head, _, *lines = (
        [plain(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in table.group(1).splitlines()
    )
    assert tuple(head) == PARAMETER_HEAD
    rows = []
    for name, symbol, meaning, unit, default, plausible, limits, grade, source, role in lines:
        distribution, *ends = plausible.split()
        low, high = (float(ends[0]), float(ends[2])) if ends else (None, None)
        minimum, maximum = map(float, limits.split(" to "))
        rows.append(
            {
                "name": name, "symbol": symbol, "meaning": meaning, "unit": unit,
                "default": float(default), "low": low, "high": high, "minimum": minimum,
                "maximum": maximum, "distribution": distribution, "source": source,
                "grade": grade, "role": role,
            }
        )  # fmt: skip
    return rows


def test_odd_is_what_the_code_says() -> None:
    text = ODD.read_text(encoding="utf-8")
    assert text == odd.odd_text(typeset=True), "run 'make docs-tables'"


def test_the_terminal_has_the_same_text_without_tex() -> None:
    plain_text, typeset = odd.odd_text(), ODD.read_text(encoding="utf-8")
    assert "$" not in plain_text
    assert "\\frac" not in plain_text
    assert typeset.count("| equation | in words |") == plain_text.count("```") // 2 > 15
    first, last = "Trust follows what is experienced", "The hyperbola of dilution"
    for sentence in (first, last):
        assert sentence in plain_text
        assert sentence in typeset


def test_odd_parameter_table_is_the_parameter_table() -> None:
    rows = parameter_rows(odd.odd_text())
    assert rows == [row.as_dict() for row in parameters.TABLE.values()]


def test_odd_sets_the_symbols_of_the_parameter_table() -> None:
    text = ODD.read_text(encoding="utf-8")
    for row in parameters.TABLE.values():
        assert f"| `{row.name}` | ${equation.tex(row.symbol)}$ | " in text


def test_parameter_table_is_read_and_not_guessed() -> None:
    text = odd.odd_text()
    default = f"| {parameters.TABLE['trust_fade'].default} |"
    assert parameter_rows(text.replace(default, "| 0.5 |")) != parameter_rows(text)


@pytest.mark.parametrize("name", outcomes.NAMES)
def test_odd_has_every_outcome(name: str) -> None:
    row = next(
        (line for line in ODD.read_text(encoding="utf-8").splitlines() if f"| `{name}` |" in line),
        "",
    )
    assert outcomes.OUTCOMES[name].unit in row


@pytest.mark.parametrize("rule", odd.RULES, ids=lambda rule: rule.__name__)
def test_odd_has_every_rule(rule: Callable[..., object]) -> None:
    assert f"| `{rule.__name__}` | " in ODD.read_text(encoding="utf-8")
    assert rule.__doc__, "a rule says its equation in its docstring"


def test_rules_come_in_the_order_of_the_week() -> None:
    order = [rule.__name__ for rule in odd.RULES]
    public = [n for n, v in vars(rules).items() if callable(v) and v.__module__ == rules.__name__]
    assert order == public
    text = odd.TABLES["rules"]()
    steps = [text.index(f"| Step {step}: ") for step in range(1, 9)]
    assert steps == sorted(steps)


def test_odd_has_every_stream() -> None:
    text = ODD.read_text(encoding="utf-8")
    for number, (_, words) in streams.LAYOUT.items():
        row = re.search(rf"^\| {number} \| `[A-Z_]+` \| .*$", text, re.MULTILINE)
        assert row is not None
        assert row.group().endswith(f"| {' | '.join(words)} |")


def test_odd_state_variables_are_those_of_the_code() -> None:
    model = CoCreationModel(Scenario.shipped("classroom"), seed=1)
    homes = {
        "staff": model.staff[0],
        "region": model.regions[0],
        "site": model.regions[0].site,
        "provider": model.providers[0],
        "environment": model.scenario,
    }
    there = {entity: [home] for entity, home in homes.items()}
    there["environment"].append(model)  # it counts the weeks
    rows = re.findall(rf"^\| ({'|'.join(homes)}) \| `(\w+)` \| ", odd.odd_text(), re.MULTILINE)
    assert {entity for entity, _ in rows} == set(homes)
    missing = [
        f"{entity}.{name}"
        for entity, name in rows
        if not any(hasattr(home, name) for home in there[entity])
    ]
    assert not missing


def test_odd_tells_with_which_values_a_run_begins() -> None:
    text = odd.odd_text()
    for name in shipped_names():
        scenario = Scenario.shipped(name)
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` | "))
        assert f"| {len(scenario.region_names)} of {scenario.regions.candidates} (" in row


@pytest.mark.parametrize("name", ["source", "planning", "classroom"])
def test_starting_levels_of_the_odd_are_those_of_the_readable_model(name: str) -> None:
    """Within four standard errors of these runs, and rounding."""
    row = next(line for line in odd.odd_text().splitlines() if line.startswith(f"| `{name}` | "))
    shown = [float(cell) for cell in row.strip("| ").split(" | ")[-4:]]
    scenario = Scenario.shipped(name)
    models = [CoCreationModel(scenario, seed=scenario.seed, replicate=r) for r in range(20)]
    for level, outcome in zip(
        shown, ("trust", "knowledge", "integration", "routines"), strict=True
    ):
        values = [model.outcome(outcome) for model in models]
        assert abs(np.mean(values) - level) <= 4 * np.std(values, ddof=1) / 20**0.5 + 0.005


def test_odd_tells_the_steps_that_the_model_calls() -> None:
    text = odd.odd_text()
    table = text.split("<!-- table: schedule -->")[1].split("<!-- end")[0]
    found = [int(number) for number in re.findall(r"\| Steps? (\d)", table)]
    assert found == [1, 2, 3, 4, 5, 7, 8]
    assert "Steps 5 and 6" in table


def test_the_ways_of_co_creation_are_told_once() -> None:
    """By one table; the ladder study and the class on the page take away the same values."""
    ways = {way.name: dict(way.without) for way in odd.WAYS}
    every = {name: value for values in ways.values() for name, value in values.items()}
    stories = json.loads((REPO / "sim" / "page" / "stories.json").read_text(encoding="utf-8"))
    rows = stories if isinstance(stories, list) else stories["stories"]
    (story,) = (one for one in rows if one["key"] == "switches")
    assert {one["name"]: one["parameters"] for one in story["switches"]} == ways
    ladder = yaml.safe_load((REPO / "experiments" / "cocreation_ladder.yaml").read_text("utf-8"))
    taken: dict[str, float] = {}
    for step in ladder["steps"]:
        taken |= step["parameters"]
    assert taken == every | {"negotiating_share": 0.5}  # the last step puts a price on it


def test_template_without_a_table_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tmp_path / "template.md"
    short.write_text("# ODD\n\n<!-- table: rules -->\n", encoding="utf-8")
    monkeypatch.setattr(odd, "TEMPLATE", short)
    with pytest.raises(ValueError, match="tables"):
        odd.odd_text()


def test_odd_is_written_as_it_is(tmp_path: Path) -> None:
    assert codose("odd", "--write", tmp_path / "ODD.md").exit_code == 0
    assert (tmp_path / "ODD.md").read_bytes() == odd.odd_text(typeset=True).encode("utf-8")


# --- README ----------------------------------------------------------------------------------


def test_readme_python_runs() -> None:
    (code,) = (block for block in blocks(README, "python") if "from sim" in block)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    lines = printed.getvalue().splitlines()
    assert re.fullmatch(r"trust after half a year: 0\.\d+", lines[0])
    assert len(re.findall(r"0\.\d+", lines[1])) == Scenario.shipped("classroom").staff_counts[0]
    assert lines[2].split() == ["mean", "no_ta_mean", "effect_mean"]
    assert [line.split()[0] for line in lines[4:]] == ["trust", "knowledge", "integration"]


def test_every_kind_of_cluster_is_shown() -> None:
    (page,) = (REPO / "docs").rglob("cluster.md")
    text = page.read_text(encoding="utf-8")
    for way in (
        "dask worker tcp://127.0.0.1:8786", "--cluster tcp://127.0.0.1:8786", "SLURMCluster(",
        "KubeCluster(", "--shard 1/",
    ):  # fmt: skip
        assert way in text


def test_readme_scenario_can_be_used() -> None:
    (text,) = blocks(README, "yaml")
    scenario = Scenario.from_text(text)
    record = simulate(scenario, scenario.parameter_set(), scenario.seed, 0)
    assert np.isfinite(record).all()


@pytest.mark.parametrize("line", readme_commands())
def test_readme_commands_are_understood(line: str) -> None:
    typer = pytest.importorskip("typer")
    from sim import cli

    group = typer.main.get_command(cli.app)
    words = shlex.split(line)[1:]
    with group.make_context("codose", list(words)) as context:
        name, command, rest = group.resolve_command(context, list(words))
        assert command is not None, f"there is no command {words[0]!r}"
        with command.make_context(name, rest, parent=context):  # parses, and runs nothing
            pass


@pytest.mark.parametrize("words", command_table(), ids=lambda words: words[0])
def test_readme_command_table_is_true(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = codose(words[0], "--help")
    assert shown.exit_code == 0, shown.stderr
    for argument in words[1:]:
        assert argument in shown.stdout, f"help of {words[0]} does not name {argument}"


@pytest.mark.parametrize("line", ["scenarios", "parameters", "outcomes", "odd", "validate source"])
def test_quick_commands_run(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = codose(*line.split())
    assert done.exit_code == 0, done.stderr
    expected = {
        "scenarios": "turnover_wave",
        "parameters": "trust_step",
        "outcomes": "mutual_accountability",
        "odd": "## 8. Decisions",
        "validate source": "",
    }
    assert expected[line] in done.stdout


def test_readme_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
    for path in DOCUMENTS:
        named = set(re.findall(r"(?:`|^)make ([a-z-]+)", path.read_text(encoding="utf-8"), re.M))
        assert named <= targets, f"{path.name} names targets that the Makefile does not have"
    assert "make demo" in "\n".join(blocks(README, "console")).splitlines()


def test_readme_names_scenarios_that_exist() -> None:
    text = README.read_text(encoding="utf-8")
    sentence = re.search(r"The shipped scenarios are .*? and others", text, re.DOTALL)
    assert sentence
    named = set(re.findall(r"`([a-z_]+)`", sentence[0]))
    assert named
    assert named <= set(shipped_names())


# --- links -----------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a Markdown file."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def made_pages() -> set[Path]:
    """Pages of the site that are made from code; tests/test_docs.py follows the links to them."""
    hooks = (REPO / "docs" / "make" / "hooks.py").read_text(encoding="utf-8")
    names = re.findall(r'^    "([\w/-]+\.md)": [a-z]+\.', hooks, re.MULTILINE)
    made = {(REPO / "docs" / name).resolve() for name in names}
    return made | {(REPO / "docs" / "codose.html").resolve()}  # "Try it"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(REPO).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = path.parent / place if place else path
        if file.resolve() in made_pages():
            continue
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


# --- shipped scenarios -----------------------------------------------------------------------


def test_promised_scenarios_are_shipped() -> None:
    assert set(shipped_names()) >= PROMISED


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_scenario_runs(name: str) -> None:
    scenario = Scenario.shipped(name)
    if sum(scenario.staff_counts) > 1000:
        with_ta = {"last_week": 2, "first_week": 1}
        scenario = scenario.replace(
            horizon_weeks=2,
            dosage=[{**s, **with_ta} for s in scenario.to_dict()["dosage"]],
        )
    record = simulate(scenario, scenario.parameter_set(), scenario.seed, 0)
    assert record.shape == (
        scenario.horizon_weeks + 1,
        len(scenario.region_names),
        len(outcomes.RECORD),
    )
    assert np.isfinite(record).all()
    held = record[:, :, outcomes.COLUMN["held"]].sum()
    assert (held > 0) == scenario.has_ta


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_scenario_asks_one_question(name: str) -> None:
    scenario = Scenario.shipped(name)
    assert scenario.question.endswith("?")
    assert "\n" not in scenario.question
    assert scenario.description


def test_invented_examples_are_marked() -> None:
    for name, file in (("centre_log", "centre_log.csv"), ("graphml_team", "team.graphml")):
        text = (REPO / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")
        assert "INVENTED" in text
        text = ODD.read_text(encoding="utf-8")
        assert re.search(rf"`scenarios/{file}`.{{0,80}} invented examples", text, re.DOTALL)


def test_example_log_covers_a_year_and_every_status() -> None:
    with (REPO / "scenarios" / "centre_log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    log = Scenario.shipped("centre_log").contact_log
    assert log is not None
    assert len(log.rows) == len(rows)
    assert (rows[0]["date"], log.rows[0].week, log.rows[-1].week) == ("2016-11-01", 1, 52)
    assert {row.status for row in log.rows} == {"held", "provider_cancelled", "region_cancelled"}
    assert {row.region for row in log.rows} == {"lakes", "plains", "coast"}


def test_sibling_contacts_are_one_or_two_a_month_and_fall() -> None:
    # Roppolo et al. 2024: usually 1-2 contacts a month, fewer every year.
    scenario = Scenario.shipped("sibling")
    assert (len(scenario.region_names), scenario.providers.count) == (13, 13)
    held = np.stack(
        [simulate(scenario, scenario.parameter_set(), 1, replicate) for replicate in range(4)]
    )[..., outcomes.COLUMN["held"]]
    monthly = [
        held[:, first : first + 52].mean(axis=(0, 2)).sum() / 12 for first in (1, 53, 105, 157, 209)
    ]
    assert 1.0 <= np.mean(monthly) <= 2.0
    assert monthly[0] > monthly[2] > monthly[4]


def test_patterns_that_the_odd_claims_hold_in_the_source_case() -> None:
    scenario = Scenario.shipped("source")
    no_ta = scenario.without_ta()
    parameter_set = scenario.parameter_set()

    def means(what: Scenario, week: int) -> dict[str, float]:
        made = records[what.has_ta]
        values = [outcomes.at_week(record, week, scenario.costs)[-1] for record in made]
        return dict(zip(outcomes.NAMES, np.nanmean(values, axis=0).tolist(), strict=True))

    records = {
        what.has_ta: [simulate(what, parameter_set, 1, r) for r in range(20)]
        for what in (scenario, no_ta)
    }
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rates are empty without contacts
        start, year, end, later = (means(scenario, week) for week in (0, 52, 104, 156))
        year_without, end_without = (means(no_ta, week) for week in (52, 104))
    for name in ("trust", "mutual_accountability"):
        assert end[name] > start[name] + 0.05
        assert end[name] > end_without[name] + 0.05
    assert 0.2 < end["integrated_share"] < 0.6
    assert end["integrated_share"] < end["trust"]
    assert end["integration"] - end_without["integration"] > 1.5 * (
        year["integration"] - year_without["integration"]
    )
    assert later["capacity"] > (start["capacity"] + end["capacity"]) / 2
    assert later["integration"] > end["integration"] - 0.02
    assert later["trust"] < end["trust"]
    assert later["knowledge"] < end["knowledge"]
    assert end["provider_load"] < 0.5


def test_duration_at_equal_hours_adds_little_as_the_odd_claims() -> None:
    source = Scenario.shipped("source")
    parameter_set = source.parameter_set()

    def runs(scenario: Scenario) -> np.ndarray:
        return np.stack([simulate(scenario, parameter_set, 1, r) for r in range(20)])

    def capacity(records: np.ndarray, week: int) -> float:
        names = ("knowledge", "integration", "routines")
        return float(np.mean([records[:, week, :, outcomes.COLUMN[name]] for name in names]))

    def effect(every_weeks: float, last_week: int) -> float:
        """Mean effect of a series of equal hours on capacity at its end."""
        series = {"mode": "video", "hours": 1.5, "every_weeks": every_weeks, "last_week": last_week}
        with_ta = runs(source.replace(dosage=[series]))
        return capacity(with_ta, last_week) - capacity(without, last_week)

    without = runs(source.without_ta())
    assert effect(4, 104) == pytest.approx(effect(2, 52), rel=0.25)


def test_overload_is_seen_where_it_was_planned() -> None:
    load = outcomes.COLUMN["load"]
    for name, full in (("provider_overload", True), ("source", False)):
        scenario = Scenario.shipped(name)
        record = simulate(scenario, scenario.parameter_set(), 1, 0)
        assert bool(record[52, :, load].max() > 1.0) is full


def test_the_record_of_the_provider_rises_with_co_creation_as_the_odd_says() -> None:
    column = outcomes.COLUMN["provider_accountability"]

    def record(degree: float) -> float:
        scenario = with_levers(Scenario.shipped("source"), {"co_creation": degree})
        values = scenario.parameter_set()
        return float(np.mean([simulate(scenario, values, 1, r)[104, :, column] for r in range(20)]))

    assert record(1.0) > record(0.5) > record(0.0)

"""Reference pages from the code: commands, Python, file formats, parameters, outcomes, tests.

Each function returns one page of Markdown; ``docs/make/hooks.py`` gives it to the site.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[2]

TASKS: tuple[tuple[str, str], ...] = (
    ("run", "run a scenario many times"),
    ("compare", "say whether B is better than A; map how often and how long"),
    ("plan", "search for plans within a budget"),
    ("scenario", "read, change and write scenarios; look up and set parameters"),
    ("data", "read a tracker, a network, a survey"),
    ("simulator", "give the model to SALib, Optuna, sbi and others"),
    ("calibrate", "fit parameters; ask what a study would have reported"),
    ("model", "step the model, look at persons, change a rule (Mesa)"),
    ("results", "make, keep, read and verify results of any study"),
    ("runs", "design runs that no study offers"),
    ("errors", "catch and print what is wrong with an input"),
)
"""The pages of docs/reference/python, and what one goes there for."""


FIGURES: tuple[tuple[str, str], ...] = (
    ("with TA against none, week by week", 'run(s).plot("trajectories")'),
    ("several scenarios, week by week", 'run([s, t, u]).plot(["trust", "integration"])'),
    ("a line for each region", 'run(s).plot("regions")'),
    ("what TA adds in each region", 'run(s).plot("effects")'),
    ("chance against what is not known", 'run(s).plot("spread")'),
    ("the planned calendar", 'run(s).plot("dosage")'),
    ("commitments made, kept, broken", 'run(s).plot("commitments")'),
    ("one team as a network", 'run(s).plot("team")'),
    ("what differs between scenarios, and how surely", 'compare(s, t).plot("intervals")'),
    ("differences week by week, run by run", 'compare(s, t).plot("differences")'),
    ("what differs in each region", 'compare(s, t).plot("regions")'),
    ("what each scenario takes", 'compare(s, t).plot("effort")'),
    ("outcomes over how often and how long", 'surface(s).plot("maps")'),
    ("outcomes along a budget", 'surface(s, budget=...).plot("budget_line")'),
    ("the calendar of the best plan", 'plan(study).plot("calendar")'),
    ("what a calibration narrowed", 'calibrate().plot("narrowed")'),
    ("whether findings are met", 'calibrate().plot("predictive")'),
    ("what a study would have reported", 'audit(study).plot("reported")'),
    ("simulated trials against published ones", 'compare_trials().plot("trials")'),
)
"""Figures by task: what one wants to see, and the call."""


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = (re.sub(r"\s+", " ", str(cell)).replace("|", "\\|") for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


# --- commands ---------------------------------------------------------------------------------


def command_helps() -> dict[str, str]:
    """The help text of every command, as it is printed 80 columns wide."""
    import typer

    from sim.cli import app

    group: Any = typer.main.get_command(app)
    context = group.context_class(group, info_name="codose")
    found = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = command.context_class(
            command, parent=context, info_name=name, terminal_width=80, max_content_width=80
        )
        found[name] = command.get_help(inner).strip()
        for part, sub in getattr(command, "commands", {}).items():
            below = sub.context_class(
                sub, parent=inner, info_name=part, terminal_width=80, max_content_width=80
            )
            found[f"{name} {part}"] = sub.get_help(below).strip()
    return found


def commands() -> str:
    """The page of the commands."""
    helps = command_helps()
    parts = [
        "# Commands",
        "Every command explains itself with `--help`; this page is those texts. Exit codes: 0 done,"
        " 2 the input cannot be used, 1 a failure of codose itself, 130 interrupted, 143 stopped by"
        " SIGTERM.",
        table(
            ("command", "does"),
            (
                (f"[`codose {name}`](#{name.replace(' ', '-')})", _first_sentence(text))
                for name, text in helps.items()
            ),
        ),
    ]
    for name, text in helps.items():
        anchor = name.replace(" ", "-")
        parts.append(f"## `codose {name}` {{ #{anchor} }}\n\n```text\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def _first_sentence(text: str) -> str:
    paragraphs = [one for one in text.split("\n\n") if one and not one.startswith("Usage:")]
    return " ".join(line.strip() for line in paragraphs[0].splitlines())


# --- Python -----------------------------------------------------------------------------------


def python() -> str:
    """The page of the Python interface: the way to its parts."""
    parts = [
        "# Python",
        "`from sim import Scenario, CoCreationModel, run` gives what most studies need. Each page"
        " begins with examples, says what comes back, and ends with every signature. The tests run"
        " all examples. `import codose` is the same by the name of the product.",
        table(
            ("to", "go to", "names"),
            (
                (
                    task,
                    f"[{_title(page)}](python/{page}.md)",
                    ", ".join(f"`{name.rpartition('.')[2]}`" for name in shown_on(page)),
                )
                for page, task in TASKS
            ),
        ),
        "## Figures by task",
        "`.plot()` draws the first figure of a result, the most telling; `.plot(NAME)` another one."
        " Each gives a figure of matplotlib, whose `axes` can be changed further;"
        " `[f.name for f in result.figures]` lists what there is.",
        table(("to see", "call"), ((task, f"`{call}`") for task, call in FIGURES)),
    ]
    return "\n\n".join(parts) + "\n"


def _page(page: str) -> str:
    return (REPO / "docs" / "reference" / "python" / f"{page}.md").read_text(encoding="utf-8")


def _title(page: str) -> str:
    return _page(page).partition("\n")[0].removeprefix("# ")


def shown_on(page: str) -> list[str]:
    """The full names whose docstrings a page of the Python interface shows."""
    return re.findall(r"^::: (\S+)$", _page(page), re.MULTILINE)


def meaning(name: str, said: str) -> str:
    """What a column holds: as its table says, or as the form of its name does."""
    if said:
        return said
    if "." in name:
        return "value of this lever"
    outcome, _, what = name.partition("_end_of_ta_")
    if what:
        return f"of {outcome} at the end of TA, against the scenario as it stands"
    raise ValueError(f"nobody says what the column {name!r} holds")


@cache
def _result(kind: str) -> Any:
    """A small result of a kind, to see which tables it has."""
    import pandas as pd

    import sim
    from sim.studies.plan import plan

    few = {"sets": 2, "replicates": 2}
    if kind == "run":
        return sim.run("classroom", **few).result
    if kind == "compare":
        return sim.compare("light_touch", "source", **few)
    if kind == "surface":
        return sim.surface("classroom", every_weeks=[8], hours=[1], **few)
    if kind == "calibrate":
        seen = {"item": ["trust"], "wave": ["start"], "mean": [3.9], "sd": [0.7], "n": [21]}
        return sim.calibrate(
            "classroom",
            data=pd.DataFrame(seen),
            parameters=["trust_step"],
            samples=60,
            replicates=2,
        )
    return plan({
        "scenario": "classroom", "levers": {"video.every_weeks": [2, 8]},
        "budget": {"money": 20000},
        "search": {"plans": 7, "population": 4, "sets": 4, "replicates": 1},
        "confirm": {"plans": 3, "sets": 10, "replicates": 1, "failure_sets": 50},
    })  # fmt: skip


def columns(kind: str, name: str) -> str:
    """What each column of a table holds, from the table itself."""
    found = _result(kind).tables[name]
    rows = ((f"`{one.name}`", one.unit, meaning(one.name, one.meaning)) for one in found.columns)
    return f"**`{name}`**: {found.title}\n\n" + table(("column", "unit", "meaning"), rows)


def with_columns(text: str) -> str:
    """A page with its tables of columns, each asked for by ``<!-- columns: KIND TABLE ... -->``."""

    def made(match: re.Match[str]) -> str:
        kind, *names = match[1].split()
        return "\n\n".join(columns(kind, name) for name in names)

    return re.sub(r"^<!-- columns: (.*) -->$", made, text, flags=re.MULTILINE)


# --- file formats -----------------------------------------------------------------------------


def _mixes() -> str:
    """The named mixes of functions."""
    from sim.scenario.functions import FUNCTIONS, PRESETS

    rows = [
        (f"`{name}`", *(f"{share:g}" for share in one.functions.shares), one.meaning)
        for name, one in PRESETS.items()
    ]
    return table(("named mix", *FUNCTIONS, "what it is"), rows)


def files() -> str:
    """The page of file formats, from the JSON schema that the checks come from."""
    from sim.scenario.scenario import json_schema

    schema = json_schema()
    parts = [
        "# File formats",
        "Files are YAML. Every mistake in one is reported at once, with line, field,"
        " what is allowed"
        " and a suggestion. `codose schema --out scenario.schema.json` writes the schema"
        " for editors.",
        "## Scenario files",
        "A scenario: regions, providers, contacts, shocks, prices.",
        _fields(schema, schema),
    ]
    for name, part in schema.get("$defs", {}).items():
        forms = part.get("anyOf", [part])
        fields = next((form for form in forms if "properties" in form), None)
        if fields is not None:
            parts.append(f"### {fields.get('title', name)}\n\n{part.get('description', '')}")
            parts += [
                f"One of these names may stand for it: {', '.join(f'`{n}`' for n in form['enum'])}."
                for form in forms
                if "enum" in form
            ]
            parts.append(_fields(fields, schema))
        if name == "Functions":
            parts.append(_mixes())
    parts.append(_study_files())
    parts.append(
        "## Contact logs\n\nCSV with a head line. `date` (or `week`), `region`, `mode`,"
        " `hours`, and"
        " if you like `co_creation` and `status` (`held`, `provider_cancelled`,"
        " `region_cancelled`), and the shares of its time that went to `relationship`, `learning`,"
        " `planning`, `review` and `logistics`: a row that gives some has 0 for the others, and a"
        " row that gives none has the reference mix."
        " See [Use your contact log](../how-to/contact-log.md)."
    )
    parts.append(
        "## Result folders\n\nEvery kind of study writes the same kind of folder, whole or not at"
        " all:\n\n"
        + table(
            ("file", "holds"),
            (
                (
                    "`manifest.json`",
                    "what was asked whole, command, versions, the meaning of every"
                    " column, and a hash of every file",
                ),
                ("`answer.txt`", "what it says in words"),
                (
                    "`NAME.parquet`, `NAME.csv`",
                    "a table; long ones as CSV too up to 500,000 rows, or with `--csv`",
                ),
                (
                    "`failures`",
                    "a row a run that failed, with stage and reason; where there are any",
                ),
                ("`figures/`", "PNG; SVG with `--figures svg` or `both`"),
                ("`timing.json`", "how long it took: the only file that differs when run again"),
            ),
        )
        + "\n\nTables of `codose run`, which keeps `scenario.yaml` beside them:\n\n"
        + table(
            ("table", "holds"),
            (
                ("`headlines`", "what came of it: a row a headline outcome"),
                ("`costs_planned`, `costs`", "what to budget, by payer and year; what it takes"),
                ("`stopping_now`", "after a contact log: going on against stopping now"),
                (
                    "`between_regions`",
                    "of several regions: the worst of each run, and the spread between them",
                ),
                (
                    "`summary`",
                    "a row a region, outcome and point; regions `worst` and `spread` too",
                ),
                ("`runs`", "a row a run, region, outcome and point"),
                ("`weeks`", "weekly means and quantiles over all runs"),
                ("`team`, `team_ties`", "one region's people and who talks with whom"),
            ),
        )
        + "\n\n`codose verify DIR` makes every table of a folder again and compares; `codose report"
        " DIR` makes one HTML file of it."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _study_files() -> str:
    """The fields of study files: what all kinds share, then what each adds or says otherwise."""
    from sim import studies
    from sim.studies.kind import StudyKind
    from sim.studies.spec import Header

    shared = _study_rows(Header)
    parts = [
        "## Study files",
        "A study file says what is asked, of which scenario, with how many runs. Shipped ones are"
        " in `experiments/`; commands take their names. All kinds share:",
        table(("field", "meaning", "default"), shared),
    ]
    for kind in map(StudyKind.of, studies.names()):
        if kind.argument != "study":
            continue
        own = [row for row in _study_rows(kind.Spec) if row not in shared and row[0] != "`kind`"]
        parts.append(
            f"### `codose {kind.name}`\n\nA file of `kind: {kind.name}` says besides, or otherwise:"
        )
        parts.append(table(("field", "meaning", "default"), own))
    return "\n\n".join(parts)


def _study_rows(spec: Any) -> list[tuple[str, str, str]]:
    """Field, meaning and default of each field of a study."""
    from sim.scenario.checking import meanings

    rows, told = [], meanings(spec)
    for name, info in spec.model_fields.items():
        default = "required"
        if not info.is_required():
            default = _default(info.get_default(call_default_factory=True))
        rows.append((f"`{name}`", told.get(name, ""), default))
    return rows


def _default(value: Any) -> str:
    """A default as a cell: lists item by item, records and what is left out as a dash."""
    if isinstance(value, list | tuple) and value and all(isinstance(one, str) for one in value):
        return ", ".join(f"`{one}`" for one in value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float) or (isinstance(value, str) and value):
        return f"`{value}`"
    return "-"


def _short(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return "see there" if value else "none"
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _fields(part: dict[str, Any], schema: dict[str, Any]) -> str:
    rows = []
    for name, field in part.get("properties", {}).items():
        default = field.get("default", "")
        if name in part.get("required", ()):
            default = "required"
        elif default != "":
            default = f"`{_short(default)}`"
        rows.append((f"`{name}`", _kind(field), field.get("description", ""), default))
    return table(("field", "what", "meaning", "default"), rows)


def _kind(field: dict[str, Any]) -> str:
    """What may stand there, in words."""
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "$ref" in field:
        return field["$ref"].rsplit("/", 1)[-1]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in field:
            kinds = [_kind(one) for one in field[key] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}))}"
    limits = [
        f"{words} {field[key]:g}"
        for key, words in (
            ("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if isinstance(field.get(key), int | float)
    ]  # fmt: skip
    words = {
        "number": "number",
        "integer": "whole number",
        "string": "text",
        "boolean": "true, false",
        "object": "mapping",
    }
    kind = words.get(str(field.get("type", "")), str(field.get("type", "")))
    return " ".join([kind, *limits]).strip()


# --- tables -----------------------------------------------------------------------------------


def parameters() -> str:
    """The page of the parameters."""
    from collections import Counter

    from sim.core.parameters import TABLE

    counted = Counter(row.grade for row in TABLE.values())
    parts = [
        "---\nhide: [toc]\n---",
        "# Parameters",
        "Every number in the model is a row of this table. **Most are assumptions**, and"
        " a number of grade B or C was borrowed from another sector. Grades: A same setting or"
        " people, B same class of intervention elsewhere, C laboratory or distant analogue.",
        table(("grade", "parameters"), sorted(counted.items())),
        "Roles: *free* is calibrated; *uncertain* varies beside the free ones, and each plausible"
        " set keeps both as they were run together; *fixed* stays; *lever* is a planner's."
        " `codose parameters` prints the same.",
        '<div class="wide" markdown="1">',
        table(
            ("name", "symbol", "meaning", "unit", "default", "range", "grade", "role", "source"),
            (
                (
                    f"`{row.name}`", f"`{row.symbol}`", row.meaning, row.unit, f"{row.default:.4g}",
                    row.range_text if row.low is not None else "-", row.grade, row.role, row.source,
                )
                for row in TABLE.values()
            ),
        ),
        "</div>",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def outcomes() -> str:
    """The page of the outcomes."""
    from sim.core.outcomes import OUTCOMES

    return (
        "# Outcomes\n\nWhat a run reports. A *level* is the state at the end of a week;"
        " a *total* adds"
        " up what happened; a *rate* is over what happened so far. `codose outcomes`"
        " prints the same.\n\n"
        + table(
            ("name", "unit", "kind", "meaning"),
            ((f"`{one.name}`", one.unit, one.kind, one.meaning) for one in OUTCOMES.values()),
        )
        + "\n\nOf several regions, `run` and `compare` also give the *worst* (in each run the"
        " region that comes out worst: the lowest where more is better, the highest where less"
        " is) and the *spread* (the highest region less the lowest; less of it is better). Both"
        " are found run by run and then averaged: the worst region need not be the same one in"
        " every run, and both hold chance, so that regions that are alike have a spread too. A"
        " spread grows with the number of regions: it is compared over the same regions only.\n"
    )


def tests() -> str:
    """The test map: the first line of every test module, and how many tests it has."""
    rows = []
    for path in sorted((REPO / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = (ast.get_docstring(tree) or "").split("\n\n")[0]
        functions = [
            node for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]  # fmt: skip
        rows.append((f"`{path.relative_to(REPO / 'tests').as_posix()}`", said, len(functions)))
    return (
        "# Test map\n\nTests are promises: each says what would be broken without it."
        " `make test` runs all but those marked `slow` or `browser`, `make slow` and `make browser`"
        " run these, and `make smoke` runs a telling few on another Python."
        " Examples in docstrings run too.\n\n"
        + table(("file", "promises", "test functions"), rows)
        + "\n\nA function may run many times, over scenarios, rules or commands.\n"
    )

"""The report of a result folder, of whatever kind: :func:`report_html`.

Words, tables and figures are those of the folder. What is known of a table's columns stands in
:data:`COLUMNS`, by name; which tables of a kind are shown, in which order and with which note, in
:data:`VIEWS`. A kind that is not named there still gets its words, tables and pictures.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import _folder
from sim.errors import InputError, ResultsError
from sim.outcomes import HEADLINES
from sim.parameters import TABLE, Parameter
from sim.present import format as formats
from sim.present.answer import CAVEAT, Answer
from sim.present.figures import Figure
from sim.present.report import Picture, Report, render
from sim.present.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

    from sim.results import Runs

ROWS = 30
"""Rows of a table that a report shows."""
CARRIERS = 8
"""Parameters that are shown as carrying a result."""
BULK = frozenset({"runs", "weeks", "sets", "points", "trajectories", "searched"})
"""Tables for programs, not for reading."""
KINDS: Mapping[str, str] = {
    "run": "Runs of one scenario",
    "compare": "Comparison of scenarios",
    "surface": "Dose-response surface",
    "sensitivity": "Sensitivity study",
    "plan": "Plan under a budget",
    "ladder": "Ladder of assumptions",
}


def _column(
    name: str, heading: str = "", form: str = "auto", meaning: str = "", unit: str = ""
) -> Column:
    return Column(name, unit, form, meaning, heading)


COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        _column("point", "when"),
        _column("p05", "5 %", meaning="one run in twenty is below"),
        _column("p95", "95 %", meaning="one run in twenty is above"),
        _column("no_ta_mean", "without TA"),
        _column("effect_mean", "effect", "signed", "against the same people and chance without TA"),
        _column("effect_p05", "effect 5 %", "signed"),
        _column("effect_p95", "effect 95 %", "signed"),
        _column("gain_mean", "gain", "signed", "against no TA"),
        _column("gain_p05", "gain 5 %", "signed"),
        _column("gain_p95", "gain 95 %", "signed"),
        _column("p_beats", "higher in", "percent", "share of the plausible sets"),
        _column("luck_share", "chance", "percent", "its share in the variance of a single run"),
        _column("unpaired_low", "unpaired from", "signed", "had each had runs of its own"),
        _column("unpaired_high", "to", "signed"),
        _column("mean_low", "mean from", "signed", "90 % confidence interval of the mean"),
        _column("mean_high", "to", "signed"),
        _column("pairing", "pairing worth", meaning="so many times as many unpaired runs"),
        _column("sets_needed", "sets needed", "count"),
        _column("p_target", "target met in", "percent", "share of the runs"),
        _column("every_weeks", "weeks between", "given"),
        _column("hours", "hours a contact", "given"),
        _column("co_creation", "co-creation", "given"),
        _column("months", "months", "given"),
        _column("planned_provider_hours", "planned provider hours", meaning="a week and region"),
        _column("provider_hours", "provider hours", "hours"),
        _column("staff_hours", "staff hours", "hours"),
        _column("cost", "expected cost", "money"),
        _column("expected_cost", "expected cost", "money"),
        _column("money", "planned cost", "money"),
        _column("spend", "planned spending", "money"),
        _column("per_region_week", "a region and week of TA"),
        _column("per_100_hours", "for 100 provider hours", "signed"),
        _column("roles", "chosen as", "text"),
        _column("worst_region", "worst region"),
        _column("region_spread", "best minus worst region"),
        _column("regret", "regret", meaning="behind the best plan of a set, in nine of ten sets"),
        _column("coverage", "coverage", "percent", "share of the failures in the box"),
        _column("density", "density", "percent", "share of the runs in the box that fail"),
        _column("mass", "mass", "percent", "share of all runs"),
        _column("rate", "rate", "percent", "failures among all runs"),
        _column("meaning", form="text"),
        _column("source", form="text"),
        _column("text", form="text"),
        _column("rho", "rank correlation", "signed"),
        _column("default", form="given"),
        _column("used", "value", "given"),
        _column("grade", "grade of the range"),
        _column("calibrated", "calibrated (5-95 %)", "text"),
    )
}
"""What is known of columns, by name: those of every kind of study."""


@dataclass(frozen=True)
class View:
    """How a table of a folder is shown: title, note, columns in their order (all when empty)."""

    name: str
    title: str
    note: str = ""
    columns: tuple[str, ...] = ()
    is_cost: bool = False


VIEWS: Mapping[str, tuple[View, ...]] = {
    "compare": (
        View(
            "differences",
            "Differences",
            "90 % of sets: the difference itself, chance averaged out. Mean from ... to: 90 % "
            "confidence interval of its mean; unpaired: the same, had each scenario been run on "
            "sets and chance of its own.",
            ("outcome", "b", "point", "mean_a", "mean_b", "mean", "low", "high", "p_beats",
             "mean_low", "mean_high", "unpaired_low", "unpaired_high", "pairing", "luck_share",
             "settled", "sets_needed"),
        ),
        View(
            "levels",
            "Each scenario by itself",
            "5 % and 95 %: nine in ten runs, chance and parameters together.",
            ("scenario", "point", "outcome", "mean", "p05", "p95", "gain_mean", "gain_p05",
             "gain_p95", "luck_share"),
        ),
        View(
            "costs",
            "What each takes",
            "To the common horizon, at each scenario's own prices.",
            ("scenario", "item", "unit", "mean", "p05", "p95", "per_region_week"),
            True,
        ),
        View(
            "efficiency",
            "What 100 provider hours bring",
            "Gain against no TA; nine in ten plausible sets lie between low and high.",
            (),
            True,
        ),
    ),
    "plan": (
        View("targets", "Targets", "The recommended plan, as confirmed. Reached: the level that is "
             "reached with the asked probability."),
        View("chosen", "What the search promised, and what held", "Search: on the runs that chose "
             "the plans. Fresh: on other parameters and chance. Confirmed: once more on others; "
             "low, high: its 90 % interval."),
        View("regions", "Between regions", "The first outcome, as confirmed."),
        View("failures", "When the recommended plan fails", "Boxes in the parameters, scored on "
             "runs that did not find them."),
    ),
    "sensitivity": (
        View("indices", "Indices", "Each with its interval; noise of the means is taken out."),
        View("noise", "Chance in the means"),
    ),
}  # fmt: skip


def report_html(directory: str | os.PathLike[str]) -> str:
    """The report of a result folder as one HTML file.

    Raises:
        ResultsError: the folder holds no results, those of a newer codose, or damaged ones.
    """
    return render(report_of(Path(directory)))


def report_of(folder: Path) -> Report:
    """Everything that the report of a folder shows; see :func:`report_html`."""
    manifest = _folder.read_manifest(folder, any_version=True)
    version = manifest["format_version"]
    if version > _folder.FORMAT_VERSION:
        raise _folder.refusal(
            folder,
            f"was written by a newer codose (format {version}); update codose to read it",
            f"format {_folder.FORMAT_VERSION} or older",
        )
    files = manifest.get("files")
    if isinstance(files, dict) and (found := tuple(_folder.damages(folder, manifest))):
        raise ResultsError(found)
    kind = str(manifest.get("kind") or ("run" if "parameter_sets" in manifest else "results"))
    report = Report(
        KINDS.get(kind, f"Results: {formats.words(kind)}"),
        _title(folder, manifest),
        _question(manifest),
        _answer(folder, manifest),
        assumption_note=_assumption_note(manifest),
        parameters=_parameters(manifest),
        inputs=_inputs(manifest),
        provenance=_provenance(manifest),
        command=str(manifest.get("command") or ""),
    )
    if kind == "run":
        _fill_run(report, folder)
    else:
        _fill_study(report, kind, folder, manifest)
    if not report.assumptions:
        report.assumptions = [_not_known_well()]
    return report


# --- tables and figures --------------------------------------------------------------------------


def _fill_study(report: Report, kind: str, folder: Path, manifest: Mapping[str, Any]) -> None:
    """The tables that a kind shows, or all; the figures of the folder."""
    for path in sorted(folder.glob("*.parquet")) if kind not in VIEWS and kind not in _OWN else ():
        if path.stem not in BULK:
            report.tables.append(_shown(View(path.stem, formats.words(path.stem)), folder))
    for view in VIEWS.get(kind, ()):
        if (folder / f"{view.name}.parquet").is_file():
            table = _shown(view, folder)
            if len(table):
                (report.costs if view.is_cost else report.tables).append(table)
    if kind in _OWN:
        _OWN[kind](report, folder, manifest)
    report.assumptions += _carriers(folder)
    report.figures = _figures(kind, folder, manifest)
    if not report.figures:
        report.pictures = _pictures(folder)


def described(name: str, frame: pd.DataFrame, title: str, note: str = "") -> Table:
    """A table with what is known of its columns, shortened to what a report shows."""
    kept = [str(name) for name in frame if not _is_empty(frame[str(name)])]
    if more := max(0, len(frame) - ROWS):
        note = f"{note} {formats.count(more, 'more row')} in {name}.csv.".strip()
    shown = frame.loc[:, kept].head(ROWS)
    columns = [COLUMNS[column] for column in kept if column in COLUMNS]
    return Table(name, shown, columns, title=title, note=note)


def _is_empty(column: pd.Series) -> bool:
    return bool((column.isna() | (column == "")).all())


def _shown(view: View, folder: Path) -> Table:
    frame = _folder.read_table(folder / f"{view.name}.parquet")
    columns = [name for name in view.columns if name in frame] or list(frame.columns)
    title = view.title[0].upper() + view.title[1:]
    made = described(view.name, frame[columns], title, view.note)
    if view.name != "differences":
        return made
    first = formats.words(str(frame["a"].iloc[0])) if len(frame) else "first"
    heads = {
        "b": {"heading": "scenario"},
        "mean_a": {"heading": first},
        "mean_b": {"heading": "this scenario"},
        "mean": {"heading": "difference", "format": "signed"},
        "low": {"heading": "90 % of sets from", "format": "signed"},
        "high": {"heading": "to", "format": "signed"},
    }
    return made.described(**heads)


def _surface(report: Report, folder: Path, manifest: Mapping[str, Any]) -> None:
    """The cells that the budget just pays for, or the best ones, and what these take."""
    frame = _folder.read_table(folder / "surface.parquet")
    axes = ("co_creation", "months", "mode", "sites")
    varied = [x for x in axes if x in frame and frame[x].nunique() > 1]
    head = _headline(frame["outcome"])
    rows = frame[frame["on_budget_line"].astype(bool) & (frame["outcome"] == head)]
    title = "What the budget just pays for"
    if not len(rows):
        rows = frame[frame["outcome"] == head].nlargest(15, "mean")
        title = f"The highest {formats.words(head)}"
    keys = ["every_weeks", "hours", *varied]
    values = [*keys, "mean", "p05", "p95", "gain_mean", "p_target"]
    takes = [*keys, "planned_provider_hours", "provider_hours", "staff_hours", "cost"]
    report.tables.append(described("surface", rows[values], title, formats.words(head)))
    note = "Planned: a week of TA and region. The others: means over all regions to the end of TA."
    report.costs.append(described("surface", rows[takes], "What these take", note))


def _plan(report: Report, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Plans that no other beats, and what they take."""
    plans = _folder.read_table(folder / "plans.parquet")
    budget = manifest.get("budget", {})
    known = list(map(str, plans.columns))
    targets = [c for c in known if c.startswith("target_") and c.count("_") == 1]
    columns = [
        "plan", "roles", "spend", *manifest.get("outcomes", ()), *targets, "worst_region",
        "region_spread", "regret", *manifest.get("levers", {}),
    ]  # fmt: skip
    chosen = plans[plans["on_front"] | (plans["roles"] != "")]
    front = described(
        "plans",
        chosen[[name for name in columns if name in known]],
        "Plans that no other beats",
        f"On fresh parameters and chance. Spending: {budget.get('unit', 'as the budget counts')}.",
    )
    chances = {
        name: {"heading": f"target {name.partition('_')[2]} met in", "format": "percent"}
        for name in targets
    }
    report.tables.insert(0, front.described(**chances))
    takes = ["plan", "roles", "money", "provider_hours", "staff_hours", "contacts", "visits",
             "expected_cost"]  # fmt: skip
    report.costs.append(described("plans", chosen[takes], "What each plan takes"))
    report.cost_note = (
        "Planned: every contact held, everybody there; no run takes more. Expected: the mean of "
        f"the runs, which includes what a contact log already took. Budget: {budget.get('text')}."
    )


def _sensitivity(report: Report, folder: Path, manifest: Mapping[str, Any]) -> None:
    """What was varied, and how."""
    import pandas as pd

    factors = pd.DataFrame([f for f in manifest.get("factors") or () if isinstance(f, dict)])
    if len(factors):
        report.assumptions.append(described("factors", factors, "What was varied, and how"))


_OWN = {"surface": _surface, "plan": _plan, "sensitivity": _sensitivity}
"""Kinds whose tables are more than a choice of columns."""


def _headline(outcomes: pd.Series) -> str:
    names = list(dict.fromkeys(outcomes))
    return "capacity" if "capacity" in names else names[0]


def _carriers(folder: Path) -> list[Table]:
    """The parameters that a result goes with most, with their grades."""
    path = folder / "drivers.parquet"
    drivers = _folder.read_table(path) if path.is_file() else None
    if drivers is None or not len(drivers):
        return []
    note = (
        "Rank correlation (Spearman) over the plausible sets. Clear: chance would hardly ever give "
        "as much. What is graded 'assumption' was not measured anywhere."
    )
    if "outcome" not in drivers:
        rows = drivers.head(CARRIERS)
        return [described("drivers", rows, "What the result goes with", note)]
    head = _headline(drivers["outcome"])
    rows = drivers[drivers["outcome"] == head]
    columns = ["parameter", "meaning", "grade", "rho", "clear"]
    return [
        described(
            "drivers",
            part.head(CARRIERS)[columns],
            formats.words(f"What the difference in {head} goes with: {other} against {first}"),
            note,
        )
        for (first, other), part in rows.groupby(["a", "b"], sort=False)
    ]


def _figures(kind: str, folder: Path, manifest: Mapping[str, Any]) -> list[Figure]:
    """The figures of the command, drawn from what it left."""
    from sim.studies import stored

    if kind == "compare":
        from sim.view import compare_plots

        return compare_plots.figures_of(stored.StoredComparison(folder, manifest))
    if kind == "surface":
        from sim.view import surface_plots

        return surface_plots.figures_of(stored.StoredSurface(folder, manifest))
    if kind == "plan":
        from sim.view import plan_plots

        return plan_plots.figures_of(stored.StoredPlan(folder, manifest))
    return []


def _pictures(folder: Path) -> list[Picture]:
    """The figures of a folder as they are: SVG, where there is one, else PNG."""
    kinds = {".svg": "image/svg+xml", ".png": "image/png"}
    paths: dict[str, Path] = {}
    for suffix in (".png", ".svg"):
        for path in sorted((folder / "figures").glob(f"*{suffix}")):
            paths[path.stem] = path
    found = []
    for stem, path in sorted(paths.items()):
        title = formats.words(stem)
        data = base64.b64encode(path.read_bytes()).decode()
        alt = f"Figure: {title}. Its numbers are in the tables."
        found.append(Picture(title, alt, f"data:{kinds[path.suffix]};base64,{data}"))
    return found


# --- runs of one scenario ------------------------------------------------------------------------

_COSTS = (
    "contacts_planned", "contacts_held", "contact_hours", "preparation_hours", "travel_hours",
    "provider_hours", "staff_hours", "cost",
)  # fmt: skip


def _fill_run(report: Report, folder: Path) -> None:
    """Figures, tables and words of the runs of one scenario."""
    from sim.results import Runs
    from sim.view import plots

    runs = Runs.load(folder)
    summary = runs.summary()
    report.answer = _answer_of(runs, summary)
    report.figures = plots.figures_of(runs)
    heads = summary[summary["outcome"].isin(HEADLINES) & (summary["point"] != "horizon")]
    columns = ["outcome", "point", "mean", "p05", "p95"]
    if runs.scenario.has_ta:
        columns += ["no_ta_mean", "effect_mean", "effect_p05", "effect_p95"]
    note = (
        "All regions. 5 % and 95 %: nine in ten runs lie between. Persistence is the change in the "
        "year after TA."
    )
    report.tables = [described("summary", heads[columns], "Outcomes", note)]
    costs = summary[summary["outcome"].isin(_COSTS) & (summary["point"] == "horizon")]
    rows = costs[["outcome", "unit", "mean", "p05", "p95"]]
    takes = described("summary", rows, "What it takes")
    report.costs = [takes.described(outcome={"heading": "item"})]
    prices = runs.scenario.costs
    report.cost_note = (
        f"At {formats.money(prices.provider_hour)} a provider hour, "
        f"{formats.money(prices.staff_hour)} a staff hour and {formats.money(prices.travel_visit)} "
        "a visit, to the horizon."
    )
    ground = (
        f"It rests on {len(runs.parameter_sets)} {runs.plausible}. Bands hold chance and what "
        "these sets leave open."
        if runs.plausible
        else "These runs differ in chance only (other people, other dice): their bands do not show "
        "what is not known about the parameters."
    )
    report.assumption_note = (
        f"{ground} The parameters below are the ones that are not known well, the weakest evidence "
        "first; codose compare and codose sensitivity show which of them carry a result."
    )


def _answer_of(runs: Runs, summary: pd.DataFrame) -> Answer:
    """Capacity with and without TA, what lasts, and what was run."""
    number, signed, interval = formats.number, formats.signed, formats.interval
    look = summary.set_index(["outcome", "point"])

    def value(point: str, column: str) -> float:
        key = ("capacity", point)
        return float(look.at[key, column]) if key in look.index else float("nan")  # type: ignore[arg-type]

    scenario = runs.scenario
    counted = len(runs) - len(runs.failures)
    made = (
        f"It rests on {counted:,} of {formats.count(len(runs), 'run')} of "
        f"{formats.count(len(scenario.region_names), 'region')} with "
        f"{sum(scenario.staff_counts):,} staff and "
        f"{formats.count(scenario.providers.count, 'provider')} over "
        f"{formats.count(scenario.horizon_weeks, 'week')}, each with TA and without."
    )
    mean, low, high = (value("end_of_ta", c) for c in ("mean", "p05", "p95"))
    if not scenario.has_ta:
        return Answer(
            f"Without TA capacity is {number(mean)} at the horizon (90 % of runs "
            f"{interval(low, high)}); it began at {number(value('start', 'mean'))}.",
            (made,),
        )
    effect, least, most = (value("end_of_ta", f"effect_{c}") for c in ("mean", "p05", "p95"))
    verdict = (
        f"At the end of TA (week {scenario.end_of_ta}) capacity is {number(mean)}, against "
        f"{number(mean - effect)} for the same people and chance without TA: an effect of "
        f"{signed(effect)} (90 % of runs {interval(least, most, signed)})."
    )
    later = value("year_after", "effect_mean")
    lasts = ""
    if later == later and effect > 0:
        left = formats.percent(max(0.0, later) / effect)
        lasts = f"A year later {left} of this effect is still there."
    return Answer(verdict, (lasts, made))


# --- words that every kind has -------------------------------------------------------------------


def _scenarios(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every scenario in a manifest, by what it is called there."""
    found: dict[str, dict[str, Any]] = {}
    one = manifest.get("scenario")
    if isinstance(one, dict):
        if "horizon_weeks" in one:
            found[str(one.get("name", "scenario"))] = one
        else:
            found |= {str(k): v for k, v in one.items() if isinstance(v, dict)}
    for each in manifest.get("scenarios") or ():
        if isinstance(each, dict) and isinstance(each.get("scenario"), dict):
            found[str(each.get("label", each["scenario"].get("name")))] = each["scenario"]
    return found


def _title(folder: Path, manifest: Mapping[str, Any]) -> str:
    study = manifest.get("study")
    name = manifest.get("name") or (study.get("name") if isinstance(study, dict) else "")
    if name and name != "unnamed study":
        return str(name)
    known = list(_scenarios(manifest))
    if len(known) > 1:
        return f"{', '.join(known[1:])} against {known[0]}".replace("_", " ")
    return known[0] if known else folder.resolve().name


def _question(manifest: Mapping[str, Any]) -> str:
    study = manifest.get("study")
    asked = manifest.get("question") or (study.get("question") if isinstance(study, dict) else "")
    if asked:
        return str(asked)
    known = _scenarios(manifest)
    if len(known) > 1:
        return "What differs between these scenarios, how surely, and at what cost?"
    return next((str(one.get("question") or "") for one in known.values()), "")


def _answer(folder: Path, manifest: Mapping[str, Any]) -> Answer:
    """The answer as the command gave it, or the words that it left in the folder."""
    stored = manifest.get("answer")
    if isinstance(stored, dict):
        return Answer.from_record(stored)
    text = str(stored or "")
    for name in ("answer.txt", "result.txt") if not text else ():
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8").strip()
            break
    text = text or "The tables and figures below hold the result."
    verdict, *lines = sentences(text)
    differs = [
        f"They differ in {one['field']} ({'; '.join(map(str, one['values']))})."
        for one in manifest.get("differs") or ()
    ]
    details = [str(detail) for detail in manifest.get("details", ())]
    notes = tuple(str(note) for note in manifest.get("notes", ()))
    return Answer(verdict, (*lines, *details, *differs), notes=notes)


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the caveat that every report says anyway.

    >>> sentences("One is 0.5. Two follows. What if, not forecast.")
    ['One is 0.5.', 'Two follows.']
    """
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(text.split()))
    return [part for part in parts if not part.startswith(CAVEAT.rstrip("."))] or [text]


def _source(manifest: Mapping[str, Any]) -> str:
    plausible = manifest.get("plausible")
    return str(plausible.get("source", "")) if isinstance(plausible, dict) else ""


def _assumption_note(manifest: Mapping[str, Any]) -> str:
    source, count = _source(manifest), manifest.get("sets")
    if source:
        return f"It rests on {f'{count} ' if isinstance(count, int) else ''}{source}."
    return "It rests on the values of the parameters below."


def _provenance(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Versions, seed, numbers of runs."""
    rows = {"codose": str(manifest.get("codose", ""))}
    if _source(manifest):
        rows["parameters"] = _source(manifest)
    for key in (
        "seed", "sets", "replicates", "runs", "failed", "engine", "scored", "cells", "points",
        "scenario_digest",
    ):  # fmt: skip
        value = manifest.get(key)
        if isinstance(value, int | str) and not isinstance(value, bool) and value != "":
            rows[formats.words(key)] = formats.count(value) if isinstance(value, int) else value
    packages = manifest.get("dependencies")
    if isinstance(packages, dict):
        versions = ", ".join(f"{name} {version}" for name, version in packages.items())
        rows["made with"] = f"Python {manifest.get('python')}, {versions}"
    return rows


def _inputs(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Scenario and study as they were, to copy into files."""
    import yaml

    found = {
        f"Scenario: {name}": _scenario_text(data) for name, data in _scenarios(manifest).items()
    }
    if isinstance(study := manifest.get("study"), dict):
        found["Study file"] = yaml.safe_dump(study, sort_keys=False, allow_unicode=True, width=100)
    return found


def _scenario_text(data: dict[str, Any]) -> str:
    """As short as it was written, or whole when this codose cannot read it."""
    from sim.scenario import Scenario

    try:
        return Scenario.from_dict(data).to_yaml()
    except InputError:
        return json.dumps(data, indent=1, ensure_ascii=False)


def _parameters(manifest: Mapping[str, Any]) -> Table:
    """Every parameter: its value, or the range that it was drawn from."""
    import pandas as pd

    from sim.study.calibrated import calibrated

    own = next((one.get("parameters") or {} for one in _scenarios(manifest).values()), {})
    sets = manifest.get("parameter_sets")
    changed = sets[0] if isinstance(sets, list) and len(sets) == 1 and sets else {}
    plausible = manifest.get("plausible")
    varied = set(plausible.get("varied", ())) if isinstance(plausible, dict) else set()
    if _source(manifest) and not varied:
        varied = {row.name for row in _unsure()}
    varied |= {f["name"] for f in manifest.get("factors") or () if isinstance(f, dict)}
    learned = calibrated()
    fitted = learned.numbers if learned else {}
    rows = []
    for row in TABLE.values():
        drawn = row.name in varied and row.name not in own
        value = changed.get(row.name, own.get(row.name, row.default))
        rows.append(
            {
                "parameter": row.name,
                "used": float("nan") if drawn else value,
                "low": row.low if drawn else None,
                "high": row.high if drawn else None,
                "calibrated": fitted[row.name].text if row.name in fitted else "",
                "learned": fitted[row.name].verdict if row.name in fitted else "",
                "unit": row.unit,
                "role": row.role,
                "grade": row.grade,
                "meaning": row.meaning,
                "source": row.source,
            }
        )
    note = (
        "A value that is not there was drawn anew in every set: a free parameter from the "
        "calibrated sets, any other between low and high."
    )
    if learned:
        note += (
            f" The calibrated sets are {learned.constrained_by}; grade A is the same setting, B "
            "and C are borrowed. Fitted, not validated."
        )
    return _ranges("parameters", pd.DataFrame(rows), "All parameters", note)


def _ranges(name: str, frame: pd.DataFrame, title: str, note: str = "") -> Table:
    """A table of parameters, whole, with their numbers as somebody wrote them."""
    kept = [str(name) for name in frame if not _is_empty(frame[str(name)])]
    ends = [Column(end, format="given") for end in ("low", "high") if end in kept]
    known = [COLUMNS[column] for column in kept if column in COLUMNS]
    return Table(name, frame[kept], [*known, *ends], title=title, note=note)


_WEAKEST = ("assumption", "C", "B", "A", "definition")
"""Grades of evidence, the weakest first."""


def _unsure() -> list[Parameter]:
    """The free and uncertain parameters, the weakest evidence first."""
    rows = [row for row in TABLE.values() if row.role in ("free", "uncertain")]
    return sorted(rows, key=lambda row: _WEAKEST.index(row.grade))


def _not_known_well() -> Table:
    import pandas as pd

    columns = ("name", "meaning", "default", "low", "high", "grade")
    frame = pd.DataFrame([{name: getattr(row, name) for name in columns} for row in _unsure()])
    frame = frame.rename(columns={"name": "parameter"})
    return _ranges("parameters", frame, "Parameters that are not known well")

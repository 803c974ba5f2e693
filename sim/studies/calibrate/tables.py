"""The tables of a calibration: rows with the meaning of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sim.present.table import Column, Table
from sim.studies.calibrate.infeasible import within_tolerance
from sim.studies.calibrate.informed import rounded
from sim.studies.calibrate.posterior import Found, effective
from sim.studies.targets import Target

TARGET = "target "
"""Begins the name of a column of the reference table that holds what a target measures."""
Rows = Sequence[Mapping[str, object]]


def summary(found: Found) -> Table:
    """One row: how much was ruled out, and how many settings stand behind the posterior."""
    asked, table = found.asked, found.table
    row = {
        "targets": len(asked.targets),
        "borrowed": asked.borrowed,
        "free": len(asked.free),
        "prior_left": found.left,
        "settings": len(table),
        "within_all": float(within_tolerance(asked.targets, table).all(axis=1).mean()),
        "without_value": int(table.broken.sum()),
        "effective_sample": rounded(effective(found.weights)),
    }
    columns = [
        Column("targets", format="count", meaning="findings that it is held to"),
        Column("borrowed", format="count", meaning="of them from other settings"),
        Column("free", format="count", meaning="parameters that are calibrated"),
        Column("prior_left", format="percent", meaning="of the prior, after history matching"),
        Column("settings", format="count", meaning="of the final sample"),
        Column("within_all", format="percent", meaning="of them within every tolerance at once"),
        Column("without_value", format="count", meaning="of them without a value for a target; "
               "they get no weight"),
        Column("effective_sample", format="count", meaning="equally weighted settings that would "
               "say as much"),
    ]  # fmt: skip
    return Table("summary", pd.DataFrame([row]), columns, title="How much was ruled out")


def predictive(rows: Rows) -> Table:
    """Every target against fresh runs."""
    columns = [
        Column("what", format="text", heading="finding"),
        Column("use", meaning="scored or pattern: calibrated to; left out, shown: only compared; "
               "instrument: says how people answer"),
        Column("grade", meaning="A the same setting, B and C borrowed"),
        Column("source", format="text"),
        Column("observed", format="given"),
        Column("low", format="given", meaning="lowest value that agrees"),
        Column("high", format="given", meaning="highest value that agrees"),
        Column("mean", meaning="of the plausible sets, on chance they have not seen"),
        Column("p05", heading="5 %"),
        Column("p95", heading="95 %"),
        Column("hit_share", format="percent", heading="met by", meaning="of the sets"),
        Column("verdict", meaning="whether the mean of the sets agrees"),
        Column("missed_by", meaning="of the mean, in widths of the tolerance"),
        Column("default", heading="as it stands", meaning="the scenario with its own parameters"),
        Column("default_se", meaning="its standard error"),
        Column("default_verdict", meaning="whether it agrees"),
        Column("default_missed_by", meaning="in widths of the tolerance"),
        Column("leniency", meaning="of answers, at which the survey reads what was observed"),
        Column("leniency_low", meaning="5 % of the sets lie below"),
        Column("leniency_high", meaning="5 % of the sets lie above"),
    ]  # fmt: skip
    return Table("predictive", pd.DataFrame(rows), columns, title="Are the targets met?")


def contraction(rows: Rows) -> Table:
    """Prior against posterior."""
    columns = [
        Column("name", format="text", heading="parameter"),
        Column("what", meaning="free: calibrated; uncertain: averaged over; or a combination"),
        Column("grade", meaning="of the evidence for its range"),
        Column("range_low", meaning="lowest value of the prior"),
        Column("range_high", meaning="highest value of the prior"),
        Column("prior_low", meaning="5 % of the prior lie below"),
        Column("prior_high", meaning="5 % of the prior lie above"),
        Column("mean", meaning="of the posterior"),
        Column("low", meaning="5 % of the posterior lie below"),
        Column("high", meaning="5 % of the posterior lie above"),
        Column("contraction", format="percent", meaning="spread lost: 1 - SD / SD of the prior"),
        Column("distance", meaning="largest gap between the distribution functions (Kolmogorov)"),
        Column("informed", meaning="whether the targets say more than its range"),
        Column("informed_by", format="text", meaning="targets without which a fifth of that would "
               "be lost; empty when no single one matters so much"),
    ]  # fmt: skip
    return Table("contraction", pd.DataFrame(rows), columns, title="What the targets inform")


def informed_names(frame: pd.DataFrame) -> list[str]:
    """The free parameters about which the targets say more than their range."""
    chosen = frame[(frame["what"] == "free") & frame["informed"]]
    return [str(name) for name in chosen["name"]]


def directions(rows: Rows) -> Table:
    """The best-informed directions."""
    columns = [
        Column("direction", format="text", meaning="parameters on the scale of their priors"),
        Column("contraction", format="percent", meaning="spread lost along it"),
        Column("by_chance", format="percent", meaning="what so small a sample of the prior shows"),
    ]
    return Table(
        "directions", pd.DataFrame(rows), columns, title="Directions that are informed best"
    )


def conflicts(rows: Rows) -> Table:
    """Pairs of targets, those that hinder each other first."""
    columns = [
        Column("one", format="text"),
        Column("other", format="text"),
        Column("met_one", format="percent", meaning="settings of the prior that meet the one"),
        Column("met_other", format="percent", meaning="that meet the other"),
        Column("together", format="percent", meaning="that meet both"),
        Column("lift", meaning="together, over what chance would do; below 1 they hinder each "
               "other"),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])  # of one target, empty
    return Table("conflicts", frame, columns, title="Targets that hinder each other")


def ruled_out(rows: Rows) -> Table:
    """What each target rules out."""
    frame = pd.DataFrame(rows)
    columns = [
        Column("target", format="text"),
        Column("met", format="percent", meaning="of the prior"),
        Column("ess_without", format="count", heading="effective sample without it"),
    ]
    for name in frame:
        kind, _, wave = str(name).rpartition("_")
        meaning = {
            "r2": f"variance between settings that its emulator explains in wave {wave}",
            "ruled": f"of the prior that it rules out in wave {wave}",
            "only": f"of the prior that it alone rules out in wave {wave}",
        }.get(kind)
        if meaning:
            columns.append(Column(str(name), format="percent", meaning=meaning))
    return Table("ruled_out", frame, columns, title="What each target rules out")


def waves(found: Found) -> Table:
    """A row a wave of history matching."""
    names = ("wave", "settings", "left")
    rows = [(i, wave.settings, wave.left) for i, wave in enumerate(found.waves, start=1)]
    columns = [
        Column("wave", format="given"),
        Column("settings", format="count", meaning="that were run for it"),
        Column("left", format="percent", meaning="of the prior, not ruled out so far"),
    ]
    frame = pd.DataFrame(rows, columns=list(names))
    return Table("waves", frame, columns, title="Waves of history matching")


def targets(some: Sequence[Target]) -> Table:
    """What it was calibrated to."""
    rows = [
        {
            "id": t.id, "what": t.what, "measures": t.measure.text, "value": t.value, "low": t.low,
            "high": t.high, "use": t.use, "grade": t.grade, "source": t.source,
        }
        for t in some
    ]  # fmt: skip
    columns = [
        Column("id", format="text"),
        Column("what", format="text", heading="finding"),
        Column("measures", format="text", meaning="the quantity of the model it maps to"),
        Column("value", format="given", meaning="the number observed; a pattern has none"),
        Column("low", format="given", meaning="lowest value that agrees"),
        Column("high", format="given", meaning="highest value that agrees"),
        Column("source", format="text"),
    ]
    return Table("targets", pd.DataFrame(rows), columns, title="Targets")


def reference(found: Found) -> Table:
    """Every setting of the final sample: values, what each target measures, weight."""
    values: dict[str, np.ndarray | list[float]] = {
        name: found.table.values[:, i] for i, name in enumerate(found.asked.names)
    }
    values |= {f"{TARGET}{t.id}": found.table.outputs[:, i] for i, t in enumerate(found.targets)}
    values["weight"] = [rounded(weight) for weight in found.weights]
    columns = [
        Column(f"{TARGET}{t.id}", meaning=f"mean over its runs: {t.measure.text}")
        for t in found.targets
    ]
    columns.append(Column("weight", meaning="in the posterior; they add up to 1"))
    return Table("reference", pd.DataFrame(values), columns, title="Reference table")

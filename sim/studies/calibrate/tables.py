"""The tables of a calibration: titles, and the meaning of the columns of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sim.present.table import Column, Table
from sim.studies.calibrate.narrowed import rounded
from sim.studies.calibrate.posterior import Fit, effective, within_tolerance
from sim.studies.targets import Target

TABLES: Mapping[str, tuple[str, Sequence[Column]]] = {
    "summary": ("What the sets rest on", (
        Column("targets", format="count", meaning="findings that the calibration fits"),
        Column("borrowed", format="count", meaning="of them from other settings"),
        Column("own", format="count", meaning="of them your own"),
        Column("free", format="count", meaning="parameters that are calibrated"),
        Column("settings", format="count", meaning="of the reference table, drawn from the priors"),
        Column("within_all", format="percent", meaning="of them within every tolerance at once"),
        Column("without_value", format="count", meaning="of them without a value for a target; "
               "they get no weight"),
        Column("effective_sample", format="count", meaning="equally weighted settings that would "
               "say as much"),
    )),
    "predictive": ("Are the targets met?", (
        Column("what", format="text", heading="finding"),
        Column("use", meaning="scored or pattern: calibrated to; left out, shown: only compared; "
               "instrument: says how people answer"),
        Column("grade", meaning="A the same setting, B and C borrowed"),
        Column("source", format="text"),
        Column("observed", format="given"),
        Column("low", format="given", meaning="lowest value that agrees; of your own numbers, "
               "what one run scatters counts too"),
        Column("high", format="given", meaning="highest value that agrees"),
        Column("mean", meaning="of the plausible sets, with fresh chance"),
        Column("p05", heading="5 %"),
        Column("p95", heading="95 %"),
        Column("hit_share", format="percent", heading="met by", meaning="of the sets"),
        Column("verdict", meaning="whether the mean of the sets agrees"),
        Column("missed_by", meaning="of the mean, in widths of the tolerance"),
        Column("default", heading="as it stands", meaning="the scenario with its own parameters"),
        Column("default_se", meaning="its standard error"),
        Column("default_verdict", meaning="whether it agrees"),
        Column("default_missed_by", meaning="in widths of the tolerance"),
        Column("default_low", format="given", meaning="lowest value as it stands that agrees with "
               "a number of your own"),
        Column("default_high", format="given", meaning="highest value that agrees"),
        Column("leniency", meaning="of answers, at which the survey reads what was observed"),
        Column("leniency_low", meaning="5 % of the sets lie below"),
        Column("leniency_high", meaning="5 % of the sets lie above"),
    )),
    "narrowed": ("What the targets narrow", (
        Column("name", format="text", heading="parameter"),
        Column("what", meaning="free: calibrated; uncertain: varied beside them; or a combination"),
        Column("grade", meaning="of the evidence for its range"),
        Column("range_low", format="digits", meaning="lowest value of the prior"),
        Column("range_high", format="digits", meaning="highest value of the prior"),
        Column("prior_low", format="digits", meaning="5 % of the prior lie below"),
        Column("prior_high", format="digits", meaning="5 % of the prior lie above"),
        Column("mean", format="digits", meaning="of the posterior"),
        Column("median", format="digits", meaning="of the posterior"),
        Column("low", format="digits", meaning="5 % of the posterior lie below"),
        Column("high", format="digits", meaning="5 % of the posterior lie above"),
        Column("narrowed", format="percent", heading="narrowed by",
               meaning="spread lost: 1 - SD / SD of the prior"),
        Column("noise", format="percent", meaning="what chance alone narrows or widens at most, in "
               "95 of 100 cases"),
        Column("shift", meaning="of the mean, in SDs of the prior"),
        Column("targets", format="text", heading="by", meaning="targets without which a fifth of "
               "that would be lost, the first matters most; empty when no single one does"),
        Column("our_reading", meaning="whether half of it is lost without the patterns, whose "
               "bounds are our reading of a word"),
    )),
    "left_out": ("With a target left out", (
        Column("left_out", format="text", heading="left out"),
        Column("name", format="text", heading="parameter or effect"),
        Column("mean", format="digits", meaning="of the posterior without it"),
        Column("sd", format="digits", heading="SD", meaning="of the posterior without it"),
        Column("narrowed", format="percent", heading="narrowed by", meaning="against the prior"),
        Column("moved", meaning="of the mean, in SDs of the posterior with every target"),
        Column("effective_sample", format="count"),
    )),
    "double_use": ("Sources that are used twice", (
        Column("parameter", format="text", meaning="whose range rests on the source"),
        Column("target", format="text", meaning="that rests on it too"),
        Column("source", format="text"),
    )),
    "defaults": ("Are the defaults in the middle?", (
        Column("name", format="text", heading="parameter or effect"),
        Column("what"),
        Column("value", format="digits", heading="as it stands",
               meaning="the default, or what runs with it give"),
        Column("median", format="digits", meaning="of the sets"),
        Column("percentile", format="percent", meaning="of the sets lie below"),
        Column("agrees", meaning="a parameter lies between 45 and 55 % of the sets, an effect "
               "between 40 and 60 %"),
    )),
    "targets": ("Targets", (
        Column("id", format="text"),
        Column("what", format="text", heading="finding"),
        Column("measures", format="text", meaning="the quantity of the model it maps to"),
        Column("value", format="given", meaning="the number observed; a pattern has none"),
        Column("low", format="given", meaning="lowest value that agrees"),
        Column("high", format="given", meaning="highest value that agrees"),
        Column("sd_below", meaning="SD of its error, towards lower values"),
        Column("sd_above", meaning="SD of its error, towards higher values"),
        Column(
            "noise",
            meaning="median standard error of its simulated mean; of your own numbers, "
            "what one run scatters around it",
        ),
        Column("source", format="text"),
        Column("whose", meaning="own: yours; shipped: comes with codose"),
        Column("met", format="percent", meaning="of the prior"),
        Column("ess_without", format="count", heading="effective sample without it"),
    )),
    "aside": ("Findings set aside", (
        Column("id", format="text"),
        Column("why", format="text", meaning="why it is no target"),
    )),
    "coverage": ("Do the intervals hold the truth?", (
        Column("name", format="text", heading="quantity"),
        Column("what", meaning="a parameter; a target, predicted by the others; an effect"),
        Column("truths", format="count", meaning="that meet the patterns"),
        Column("inside_50", format="percent", heading="in 50 %", meaning="regions hold it"),
        Column("inside_90", format="percent", heading="in 90 %", meaning="regions hold it"),
        Column("rank", meaning="mean of the truth in its posterior; .5 if all is well"),
        Column("effective_sample", format="count", meaning="median"),
    )),
}  # fmt: skip
"""Title and columns of each table by name; a column that no row has is left out."""


def table(name: str, rows: Sequence[Mapping[str, object]]) -> Table:
    """One of :data:`TABLES` from its rows."""
    title, columns = TABLES[name]
    frame = pd.DataFrame(rows, columns=None if rows else [column.name for column in columns])
    return Table(name, frame, [one for one in columns if one.name in frame], title=title)


def summary(found: Fit) -> list[dict[str, object]]:
    """The one row with the numbers of targets and of settings behind the posterior."""
    calibration, table = found.calibration, found.table
    row: dict[str, object] = {
        "targets": len(calibration.targets),
        "borrowed": calibration.borrowed,
        **({"own": calibration.own} if calibration.own else {}),
        "free": len(calibration.free),
        "settings": len(table),
        "within_all": float(within_tolerance(calibration.targets, table).all(axis=1).mean()),
        "without_value": int(table.broken.sum()),
        "effective_sample": rounded(effective(found.weights)),
    }
    return [row]


def narrowed_shares(frame: pd.DataFrame) -> dict[str, float]:
    """The share by which each free parameter was narrowed; 0 where chance may give as much."""
    free = frame[frame["what"] == "free"]
    shares = free["narrowed"].where(free["narrowed"] > free["noise"], 0.0)
    return {str(name): float(share) for name, share in zip(free["name"], shares, strict=True)}


def outputs(some: Sequence[Target]) -> list[str]:
    """Names of the columns of the reference table that hold measures."""
    return [t.id if t.use == "effect" else f"target {t.id}" for t in some]


def errors(some: Sequence[Target]) -> list[str]:
    """Names of the columns of the reference table that hold standard errors."""
    return [f"error {t.id}" for t in some]


def reference(found: Fit) -> Table:
    """Every setting of the reference table: its values, the measure of each target, its weight."""
    reference, measured = found.table, found.calibration.measured
    values: dict[str, np.ndarray | list[float]] = dict(
        zip(found.calibration.names, reference.values.T, strict=True)
    )
    values |= zip(outputs(measured), reference.outputs.T, strict=True)
    values |= zip(errors(found.targets), reference.errors.T, strict=False)
    values["weight"] = [rounded(weight) for weight in found.weights]
    columns = [
        Column(name, meaning=f"mean over its runs: {t.measure.text}")
        for name, t in zip(outputs(measured), measured, strict=True)
    ]
    columns += [
        Column(name, meaning="what one run scatters around it" if t.one_run
               else "standard error of that mean")
        for name, t in zip(errors(found.targets), found.targets, strict=True)
    ]  # fmt: skip
    columns.append(Column("weight", meaning="in the posterior; they add up to 1"))
    return Table("reference", pd.DataFrame(values), columns, title="The reference table")

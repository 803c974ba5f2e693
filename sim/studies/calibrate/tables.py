"""The tables of a calibration: rows with the meaning of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sim.present.table import Column, Table
from sim.studies.calibrate.infeasible import within_tolerance
from sim.studies.calibrate.narrowed import rounded
from sim.studies.calibrate.posterior import Fit, effective
from sim.studies.targets import Target

Rows = Sequence[Mapping[str, object]]


def summary(found: Fit) -> Table:
    """One row with the numbers of targets and of settings behind the posterior."""
    calibration, table = found.calibration, found.table
    row = {
        "targets": len(calibration.targets),
        "borrowed": calibration.borrowed,
        **({"own": calibration.own} if calibration.own else {}),
        "free": len(calibration.free),
        "settings": len(table),
        "within_all": float(within_tolerance(calibration.targets, table).all(axis=1).mean()),
        "without_value": int(table.broken.sum()),
        "effective_sample": rounded(effective(found.weights)),
    }
    columns = [
        Column("targets", format="count", meaning="findings that the calibration fits"),
        Column("borrowed", format="count", meaning="of them from other settings"),
        *([Column("own", format="count", meaning="of them your own")] if calibration.own else []),
        Column("free", format="count", meaning="parameters that are calibrated"),
        Column("settings", format="count", meaning="of the reference table, drawn from the priors"),
        Column("within_all", format="percent", meaning="of them within every tolerance at once"),
        Column("without_value", format="count", meaning="of them without a value for a target; "
               "they get no weight"),
        Column("effective_sample", format="count", meaning="equally weighted settings that would "
               "say as much"),
    ]  # fmt: skip
    return Table("summary", pd.DataFrame([row]), columns, title="What the sets rest on")


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
        Column("leniency", meaning="of answers, at which the survey reads what was observed"),
        Column("leniency_low", meaning="5 % of the sets lie below"),
        Column("leniency_high", meaning="5 % of the sets lie above"),
    ]  # fmt: skip
    return Table("predictive", pd.DataFrame(rows), columns, title="Are the targets met?")


def narrowed(rows: Rows) -> Table:
    """Prior against posterior."""
    columns = [
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
    ]  # fmt: skip
    return Table("narrowed", pd.DataFrame(rows), columns, title="What the targets narrow")


def narrowed_shares(frame: pd.DataFrame) -> dict[str, float]:
    """The share by which each free parameter was narrowed; 0 where chance may give as much."""
    free = frame[frame["what"] == "free"]
    shares = free["narrowed"].where(free["narrowed"] > free["noise"], 0.0)
    return {str(name): float(share) for name, share in zip(free["name"], shares, strict=True)}


def left_out(rows: Rows) -> Table:
    """Shifts of parameters and effects when a target is left out."""
    columns = [
        Column("left_out", format="text", heading="left out"),
        Column("name", format="text", heading="parameter or effect"),
        Column("mean", format="digits", meaning="of the posterior without it"),
        Column("sd", format="digits", heading="SD", meaning="of the posterior without it"),
        Column("narrowed", format="percent", heading="narrowed by", meaning="against the prior"),
        Column("moved", meaning="of the mean, in SDs of the posterior with every target"),
        Column("effective_sample", format="count"),
    ]
    return Table("left_out", pd.DataFrame(rows), columns, title="With a target left out")


def double_use(rows: Rows) -> Table:
    """Prior ranges and targets that share a source."""
    columns = [
        Column("parameter", format="text", meaning="whose range rests on the source"),
        Column("target", format="text", meaning="that rests on it too"),
        Column("source", format="text"),
    ]
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])
    return Table("double_use", frame, columns, title="Sources that are used twice")


def defaults(rows: Rows) -> Table:
    """Whether the scenario as it stands is in the middle of the sets."""
    columns = [
        Column("name", format="text", heading="parameter or effect"),
        Column("value", format="digits", heading="as it stands",
               meaning="the default, or what runs with it give"),
        Column("median", format="digits", meaning="of the sets"),
        Column("percentile", format="percent", meaning="of the sets lie below"),
        Column("agrees", meaning="a parameter lies between 45 and 55 % of the sets, an effect "
               "between 40 and 60 %"),
    ]  # fmt: skip
    names = ("name", "what", "value", "median", "percentile", "agrees")
    frame = pd.DataFrame(rows, columns=list(names))
    return Table("defaults", frame, columns, title="Are the defaults in the middle?")


def coverage(rows: Rows) -> Table:
    """How often credible regions hold a known truth."""
    columns = [
        Column("name", format="text", heading="quantity"),
        Column("what", meaning="a parameter; a target, predicted by the others; an effect"),
        Column("truths", format="count", meaning="that meet the patterns"),
        Column("inside_50", format="percent", heading="in 50 %", meaning="regions hold it"),
        Column("inside_90", format="percent", heading="in 90 %", meaning="regions hold it"),
        Column("rank", meaning="mean of the truth in its posterior; .5 if all is well"),
        Column("effective_sample", format="count", meaning="median"),
    ]
    return Table("coverage", pd.DataFrame(rows), columns, title="Do the intervals hold the truth?")


def targets(rows: Rows) -> Table:
    """The targets of the calibration."""
    columns = [
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
        *(
            [Column("whose", meaning="own: yours; shipped: comes with codose")]
            if any("whose" in row for row in rows)
            else []
        ),
        Column("met", format="percent", meaning="of the prior"),
        Column("ess_without", format="count", heading="effective sample without it"),
    ]
    return Table("targets", pd.DataFrame(rows), columns, title="Targets")


def aside(pairs: Sequence[tuple[str, str]]) -> Table:
    """Findings that could be targets and are not."""
    columns = [
        Column("id", format="text"),
        Column("why", format="text", meaning="why it is no target"),
    ]
    frame = pd.DataFrame(pairs, columns=["id", "why"])
    return Table("aside", frame, columns, title="Findings set aside")


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

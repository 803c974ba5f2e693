"""``MEANINGS``: what a column of a name means in every table that says nothing further of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType({
    "a": "the first scenario",
    "affordable": "whether the plan lies within the budget",
    "b": "the scenario that is compared with the first",
    "co_creation": "planned co-creation of the contacts, 0-1",
    "compared_to": "the first scenario",
    "difference": "mean over the sets of B minus A",
    "effect": "with assistance minus without, same people and chance",
    "effect_p05": "5th percentile of the effect",
    "effect_p95": "95th percentile of the effect",
    "effect_sd_chance": "SD of the effect that chance makes",
    "effect_sd_parameters": "SD of the effect between parameter sets",
    "effect_se": "standard error of the mean effect",
    "end_of_ta": "value at the end of TA",
    "ess_without": "effective sample when this target is left out",
    "every_weeks": "weeks from contact to contact",
    "functions": "what the time of contacts goes to",
    "grade": "grade of the evidence",
    "high": "upper end of the 90 % interval",
    "horizon": "value at the horizon",
    "hours": "hours of a contact",
    "id": "key of the row",
    "mean": "mean over runs, or over sets",
    "mean_high": "upper end of the 90 % interval of the mean",
    "mode": "mode of the contacts",
    "months": "months of assistance",
    "name": "name of the parameter",
    "no_ta": "value of the same run without assistance",
    "no_ta_mean": "mean of the same runs without assistance",
    "on_budget_line": "whether the plan just uses the budget",
    "outcome": "name of the outcome",
    "p05": "5th percentile",
    "p50": "median",
    "p95": "95th percentile",
    "p_high": "upper end of the 90 % interval of the probability",
    "plan": "number of the plan",
    "point": "start, end_of_ta, year_after or horizon",
    "reason": "why a run failed",
    "region": "name of the region, or overall",
    "replicate": "number of the replicate",
    "roles": "why a plan was chosen: cheapest, least regret ...",
    "run_high": "upper end of the 90 % interval of a single run",
    "runs": "number of runs",
    "scenario": "label of the scenario",
    "sd": "standard deviation between runs",
    "sd_chance": "SD that chance makes",
    "sd_parameters": "SD between parameter sets",
    "set": "number of the parameter set",
    "sets": "number of parameter sets",
    "sites": "regions that a provider serves",
    "source": "source of the number",
    "stage": "where a run failed",
    "start": "value at week 0",
    "status": "ok or failed",
    "unit": "unit of the numbers",
    "unpaired_high": "upper end of the interval, had the runs not been paired",
    "use": "how the target is used",
    "value": "value of this run, with assistance",
    "verdict": "better, worse, about the same, not clear yet",
    "week_a": "week of the point in A",
    "week_b": "week of the point in B",
    "what": "what the row is about, in words",
})  # fmt: skip
"""Meaning of a column by its name (read-only); a :class:`~sim.present.table.Column` with a meaning
of its own keeps it.

>>> MEANINGS["p50"]
'median'
"""

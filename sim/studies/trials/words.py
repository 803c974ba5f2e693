"""words: the answer of a comparison with trials in sentences; shown: the tables to print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.present.answer import Answer
from sim.present.format import count, interval, joined, number, percent, signed
from sim.present.table import Table
from sim.studies.plausible import PlausibleSets
from sim.studies.spec import Study
from sim.studies.trials.spec import FROM_TRIALS, HOURS, MODEL, THROUGH_0, Spec

_VERDICTS = {
    "a draw": "The model forecasts {} as well as one constant does, and no better. This is a "
    "comparison, not a validation.",
    "better": "The model forecasts {} better than one constant does. This is a comparison, not a "
    "validation.",
    "worse": "The model forecasts {} worse than one constant does. This is a comparison, not a "
    "validation.",
}


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    assert study.plausible is not None
    scores: Any = tables["scores"].frame.set_index("what")
    model, hours, old = (scores.loc[name] for name in (MODEL, HOURS, THROUGH_0))
    mapping: Any = tables["mapping"].frame.iloc[0]
    trials = count(len(tables["trials"]), "published trial")
    source = study.plausible.source
    return Answer(
        _VERDICTS[model["against_constant"]].format(trials),
        (
            *_seen(study.plausible),
            "Each trial is forecast from the others, by SMD = a + b x effect of the model. "
            f"Compared with one constant, the log score of the model is {_scored(model)}; that of "
            f"a regression on log hours a month is {_scored(hours)} ({hours['against_constant']}).",
            _slope(mapping),
            *_doses(tables["doses"]),
            f"Of the trials, {percent(model['inside_50'])} lie inside the model's 50 % interval "
            f"and {percent(model['inside_90'])} inside its 90 % interval. Trials differ by an SD "
            f"of {number(mapping['between_pooled'])} beyond sampling; with the model, "
            f"{number(mapping['between'])} is left.",
            f"Forced through 0, as up to version 0.2.0, the model scores {_scored(old)}; it then "
            "has to explain what all trials have in common, too.",
            f"Effects rise by {signed(mapping['small_studies'])} a unit of their standard error: "
            "where that is well above 0, small trials report larger effects, which no dosage "
            "explains.",
            f"The parameters come from {source}.",
        ),
    )


def _seen(sets: PlausibleSets) -> list[str]:
    """The sentence on sets that were calibrated to what the trials say, and what to do instead."""
    seen = [one for one in sets.target_ids if one in FROM_TRIALS]
    if not seen:
        return []
    were = "which was" if len(seen) == 1 else "which were"
    return [
        f"These sets have seen the trials: they were calibrated to {joined(seen)}, {were} computed "
        "from the trials that come with codose, so the model forecasts those better than it would "
        f"unseen; 'leave_out: [{', '.join(FROM_TRIALS)}]' in the file of a calibration makes sets "
        "that have not seen them, and '--sets 50' draws such sets."
    ]


def _scored(row: Any) -> str:
    return f"{signed(row['difference'])} (SE {number(row['difference_se'])})"


def _slope(mapping: Any) -> str:
    """The sentence on the slope b."""
    low, high = mapping["b_low"], mapping["b_high"]
    said = "the trials leave open whether larger effects in the model go with larger ones in trials"
    if low > 0:
        said = "larger effects in the model go with larger ones in the trials"
    elif high < 0:
        said = "larger effects in the model go with smaller ones in the trials"
    return f"b is {number(mapping['b'])} (90 % interval {interval(low, high)}): {said}."


def _doses(table: Table) -> list[str]:
    """Sentences on whether a dose has more effect in the model than in the trials."""
    lines = []
    for row in table.frame.to_dict("records"):
        name = "Hours a month" if row["dose"] == "hours_a_month" else "Months"
        pays = "pay about as much in the model as in the trials"
        if row["model"] > row["trials_high"]:
            pays = "pay more in the model than in the trials"
        elif row["model"] < row["trials_low"]:
            pays = "pay less in the model than in the trials"
        lines.append(
            f"{name} {pays}: twice as many go with {signed(row['model'], percent)} of the mean "
            f"effect in the model ({interval(row['model_low'], row['model_high'], _signed)} over "
            f"the sets) and {signed(row['trials'], percent)} in the trials "
            f"({interval(row['trials_low'], row['trials_high'], _signed)})."
        )
    return lines


def _signed(value: float) -> str:
    return signed(value, percent)


def shown(study: Study[Spec], tables: Mapping[str, Table]) -> list[Table]:
    """The tables to print."""
    columns = ["trial", "sites", "months", "hours_a_month", "observed", "se", "model", "low",
               "high", "gain"]  # fmt: skip
    return [tables["trials"].pick(columns), tables["scores"], tables["mapping"], tables["doses"]]

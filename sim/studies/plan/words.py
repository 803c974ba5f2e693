"""words: the answer of a plan study, with a sentence for each target and each outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.present.answer import Answer
from sim.present.format import count, interval, money, number, percent, signed
from sim.present.format import words as named
from sim.present.table import Table
from sim.studies.plan.spec import AS_IT_STANDS, Spec, labels_of, space_size
from sim.studies.spec import Study

SHOWN = 10
"""Approximate number of plans that are printed; the folder has all plans."""
Row = Any
"""A row of a table, by column."""


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    answer = _Writer(study, {name: table.frame for name, table in tables.items()})
    return Answer(
        answer.verdict(),
        (
            *answer.targets(),
            *answer.tried(),
            answer.gains(),
            answer.cost(),
            answer.failing(),
            answer.left_out(),
        ),
        answer.rows(),
        (*answer.details(), *answer.basis()),
    )


class _Writer:
    """The writer of the sentences of one answer."""

    def __init__(self, study: Study[Spec], frames: Mapping[str, pd.DataFrame]) -> None:
        self.study, self.header, self.frames = study, study.header, frames
        self.plans = frames["plans"]
        self.best: Row = self.plans[self.plans["recommended"]].iloc[0].to_dict()
        self.labels = labels_of(study.header)
        self.held = "cheapest" in self.best["roles"].split(", ")

    # --- the verdict -------------------------------------------------------------------------

    def verdict(self) -> str:
        """One sentence that answers the question."""
        what = f"{self.best['dosage']}; it takes {self.spend(self.best)}"
        if not self.header.targets:
            return f"The plan with least regret{self.within()} is {name_of(self.best)}, {what}."
        if self.held:
            lead = (
                "The cheapest plan found that meets the targets is"
                if self.of_targets(self.best["plan"])["surely"].all()
                else "The cheapest plan found that meets the targets by the estimate, though not "
                "clearly, is"
            )
            return f"{lead} {name_of(self.best)}, {what}."
        if self.names_tried():
            return (
                "No plan is known to meet the targets: none that met them on one fresh sample did "
                f"so when it was run once more. The nearest is {name_of(self.best)}, {what}."
            )
        budget = "" if self.header.budget.limit is None else f" and {self.header.budget.text}"
        rows = self.of_targets(self.best["plan"])
        missed = rows[rows["probability"] < rows["asked"]]
        which = " and ".join(
            f"{row['target']} with probability {row['asked']:g}" for _, row in missed.iterrows()
        )
        return (
            f"No plan was found within these levers{budget} that reaches "
            f"{which or 'all targets'}. The nearest is {name_of(self.best)}, {what}."
        )

    def within(self) -> str:
        """The budget, where there is one."""
        return "" if self.header.budget.limit is None else f" within {self.header.budget.text}"

    def spend(self, row: Row) -> str:
        """The spend of a plan, as the budget counts it."""
        budget, spend = self.header.budget, money(row["spend"])
        if budget.limit is None:
            return f"{spend} {budget.unit}"
        return f"{spend} of {money(budget.limit)} ({budget.unit})"

    # --- the targets -------------------------------------------------------------------------

    def of_targets(self, plan: str) -> pd.DataFrame:
        """The rows of a plan in the table of targets."""
        frame = self.frames["targets"]
        return frame[frame["plan"] == plan]

    def names_tried(self) -> list[str]:
        """Plans that met the targets on the fresh sample and were checked on the third."""
        if "targets" not in self.frames:
            return []
        frame = self.frames["targets"]
        return list(dict.fromkeys(frame[frame["tried"]]["plan"]))

    def tried(self) -> list[str]:
        """Sentences on the plans that met the targets on the fresh sample."""
        names = self.names_tried()
        if not self.held or len(names) < 2:
            return []
        if not self.of_targets(self.best["plan"])["surely"].all():
            return [
                f"None of the {len(names)} plans that met the targets on the fresh sample clearly "
                "meets them when it is run once more; more parameter sets (confirm: sets) would "
                "show which do."
            ]
        said = []
        for name in names[: names.index(self.best["plan"])]:
            rows = self.of_targets(name)
            worst = rows.iloc[int((rows["low"] - rows["asked"]).to_numpy().argmin())]
            said.append(f"{named(name)} ({self.chance(worst)})")
        return (
            [
                "Plans that met the targets on the fresh sample, but do not clearly meet them when "
                f"they are run once more, were passed over: {'; '.join(said)}."
            ]
            if said
            else []
        )

    def chance(self, row: Row) -> str:
        """The probability of a target as counted runs."""
        return (
            f"{row['target']}: {count(row['hits'])} of {count(row['n'])} runs, 90 % interval "
            f"{interval(row['low'], row['high'], percent)}, wanted {percent(row['asked'])}"
        )

    def targets(self) -> list[str]:
        """A sentence for each target: whether the recommended plan reaches it."""
        if not self.header.targets:
            return []
        said = []
        for _, row in self.of_targets(self.best["plan"]).iterrows():
            word = (
                "reaches" if row["surely"]
                else "reaches, by the estimate but not clearly," if row["met"]
                else "does not reach"
            )  # fmt: skip
            text = f"On fresh parameters and chance, the plan {word} {self.chance(row)}"
            if not row["met"]:
                text += f"; with the wanted probability, it reaches {number(row['reached'])}"
            said.append(f"{text}.")
        return said

    # --- what the money buys -----------------------------------------------------------------

    def gains(self) -> str:
        """The gains of the recommended plan over no assistance and over stopping now."""
        frame = self.frames["gains"]
        mine = frame[(frame["plan"] == self.best["plan"]) & (frame["against"] != AS_IT_STANDS)]
        return " ".join(
            f"Compared with {against}, the plan adds: "
            + "; ".join(
                f"{self.labels[row['quantity']]} {signed(row['gain'])} "
                f"({interval(row['low'], row['high'], signed)}), better in {count(row['better'])} "
                f"of {count(row['n'])} runs"
                for _, row in rows.iterrows()
            )
            + "."
            for against, rows in mine.groupby("against", sort=False)
        )

    def cost(self) -> str:
        """The planned cost of the recommended plan by payer and year, and the expected spend."""
        text = f"Its planned cost is {self.cost_of(self.best)}"
        if self.best["spent"]:
            text += f", after the {money(self.best['spent'])} that the contact log took"
        return f"{text}."

    def cost_of(self, row: Row) -> str:
        """Planned cost by payer and year, and expected spend."""
        years = self.frames["costs"]
        each = years[years["plan"] == row["plan"]]["planned_cost"]
        by_year = ""
        if len(each) > 1:
            said = ", ".join(f"{money(one)}" for one in each)
            by_year = f"; by year {said}"
        return (
            f"{money(row['planned_cost'])} (centre {money(row['planned_cost_centre'])}, regions "
            f"{money(row['planned_cost_regions'])}{by_year}), and its expected spend is "
            f"{money(row['expected_spend'])}"
        )

    def rows(self) -> dict[str, str]:
        """Each chosen plan against the scenario as it stands, by every outcome."""
        frame = self.frames["gains"]
        found = {}
        for _, row in self.plans[self.plans["roles"] != ""].iterrows():
            rows = frame[(frame["plan"] == row["plan"]) & (frame["against"] == AS_IT_STANDS)]
            lead = f"{name_of(row).capitalize()} ({row['roles']})"
            cost = f"its planned cost is {self.cost_of(row)}"
            if rows.empty:
                levels = ", ".join(f"{label} {number(row[k])}" for k, label in self.labels.items())
                found[row["plan"]] = f"{lead} has {levels}; {cost}."
                continue
            verdicts = ", ".join(self.against(one) for _, one in rows.iterrows())
            counted, made = rows.iloc[0]["n"], rows.iloc[0]["runs"]
            found[row["plan"]] = (
                f"{lead}, compared with {AS_IT_STANDS}, is {verdicts}; {cost}; {count(counted)} of "
                f"{count(made)} runs count."
            )
        return found

    def against(self, row: Row) -> str:
        """The verdict better, worse or about the same, with its interval."""
        return (
            f"{row['verdict']} in {self.labels[row['quantity']]} ({signed(row['gain'])}, "
            f"{interval(row['low'], row['high'], signed)})"
        )

    def left_out(self) -> str:
        """How many runs count, where some failed."""
        row = self.best
        if row["n"] == row["runs"]:
            return ""
        return (
            f"{count(row['n'])} of {count(row['runs'])} runs count; the others failed and are left "
            "out."
        )

    # --- further findings --------------------------------------------------------------------

    def details(self) -> list[str]:
        """Further findings, a sentence or two each."""
        said = [*self.at_a_pinch(), *self.regret(), self.most(), self.fairest()]
        reference = self.plans[self.plans["plan"] == AS_IT_STANDS]
        if len(reference):
            row = reference.iloc[0]
            limit = self.header.budget.limit
            over = " (over the budget)" if limit is not None and row["spend"] > limit else ""
            levels = ", ".join(f"{label} {number(row[key])}" for key, label in self.labels.items())
            said.append(
                f"For comparison, {AS_IT_STANDS}: {money(row['spend'])} "
                f"{self.header.budget.unit}{over}, {levels}."
            )
        return said

    def role(self, role: str) -> Row | None:
        """The plan that was chosen for a role; None where no plan was."""
        for _, row in self.plans.iterrows():
            if role in row["roles"].split(", "):
                return row.to_dict()
        return None

    def at_a_pinch(self) -> list[str]:
        """A cheaper plan whose estimate on the fresh sample meets the targets, but not surely."""
        asked = self.header.targets
        if not self.held or not asked:
            return []
        for _, row in self.plans[self.plans["plan"] != AS_IT_STANDS].iterrows():
            if row["plan"] == self.best["plan"]:
                break
            if all(row[f"target_{i}"] >= t.probability for i, t in enumerate(asked, 1)):
                reached = ", ".join(
                    f"{percent(row[f'target_{i}'])} "
                    f"({interval(row[f'target_{i}_low'], row[f'target_{i}_high'], percent)})"
                    for i in range(1, len(asked) + 1)
                )
                return [
                    f"Cheaper but not clear yet: {name_of(row)} for {money(row['spend'])} met the "
                    f"targets by the estimate on the fresh sample, {reached}. More parameter sets "
                    "(confirm: sets) would make it clear."
                ]
        return []

    def regret(self) -> list[str]:
        """The regret of the plan with the least regret, by every outcome."""
        row = self.role("least regret")
        if row is None:
            return []
        each = ", ".join(
            f"{number(row[f'{key}_regret'])} in {label}" for key, label in self.labels.items()
        )
        return [
            f"{name_of(row).capitalize()} has the least regret: in nine of ten parameter sets, it "
            f"is worse than the best of these plans for that set by at most {each}."
        ]

    def most(self) -> str:
        """The plan that does best by each outcome."""
        said = []
        for key, label in self.labels.items():
            for way in ("most", "least"):
                row = self.role(f"{way} {label}")
                if row is not None:
                    said.append(
                        f"{name_of(row).capitalize()} has the {way} {label}, {number(row[key])} on "
                        f"fresh parameters and chance, for {self.spend(row)}."
                    )
        return " ".join(said)

    def fairest(self) -> str:
        """The plan that does best by the worst region."""
        row = self.role("fairest")
        if row is None:
            return ""
        return (
            f"{name_of(row).capitalize()} does best for the worst region of a run "
            f"({number(row['worst_region'])} in {next(iter(self.labels.values()))}; "
            f"{number(row['region_spread'])} between the best region and the worst)."
        )

    def failing(self) -> str:
        """When the recommended plan fails."""
        frame = self.frames["when_it_fails"]
        whole = frame[frame["box"] == 0].iloc[0]
        asked = self.header.targets
        plan = name_of(self.best)
        if not asked:
            what = "the plan is in its own lowest quarter"
        elif len(asked) > 1:
            what = f"{plan} misses one of the targets"
        else:
            what = f"{plan} misses {next(iter(asked)).label}"
        head = f"In {percent(whole['density'])} of {count(whole['runs'])} runs, {what}."
        boxes = frame[frame["box"] > 0]
        if whole["few"]:
            rest = "failures" if whole["density"] < 0.5 else "successes"
            return f"{head} These are too few {rest} to look for a pattern."
        if boxes.empty:
            return f"{head} No simple rule on the parameters says when this happens."
        said = [
            f"The plan fails {'mostly' if box == 1 else 'also'} when {conditions(rows)}: "
            f"{percent(rows.iloc[0]['coverage'])} of the failures are among these runs, and "
            f"{percent(rows.iloc[0]['density'])} of these runs fail."
            for box, rows in boxes.groupby("box")
        ]
        return " ".join([head, *said])

    def basis(self) -> list[str]:
        """The meaning and the basis of the numbers."""
        header, searched = self.header, len(self.frames["searched"])
        source = "" if self.study.plausible is None else self.study.plausible.source
        said = [
            f"{count(searched)} of {count(space_size(header))} possible plans were run on "
            f"{header.search.sets} parameter sets x {header.search.replicates} runs, the best "
            f"again on {header.confirm.sets} fresh sets x {header.confirm.replicates}, and the "
            "chosen ones once more on as many others. Chance helps the winners of a search: "
            "compare its numbers with those of the fresh samples.",
            f"These results rest on {header.confirm.sets} {source}.",
            "The planned cost has every contact held and everybody there; no run spends more. The "
            "expected spend is the mean of the runs.",
        ]
        names = {lever.name for lever in header.levers}
        if names & {"providers", "providers.count", "sites_per_provider"}:
            said.append(
                "Prices are per hour, so more providers do not cost more here; they only share the "
                "work."
            )
        if self.study.scenario.contact_log is not None:
            said.append("The budget counts what comes after the contact log.")
        said.append(str(self.best["leaves_out"]))
        said.append(
            "Every chosen region gets every contact series; a plan cannot leave one of them out."
        )
        return said


def name_of(row: Row) -> str:
    """The name of a plan in a sentence."""
    return named(str(row["plan"]))


def conditions(rows: pd.DataFrame) -> str:
    """The limits of a box in words."""
    parts = []
    for _, row in rows.iterrows():
        what = f"{named(row['parameter'])} ({row['meaning']})"
        low, high = row["low"], row["high"]
        if not np.isnan(low) and not np.isnan(high):
            parts.append(f"{what} is between {number(low)} and {number(high)}")
        elif not np.isnan(low):
            parts.append(f"{what} is above {number(low)}")
        else:
            parts.append(f"{what} is below {number(high)}")
    return " and ".join(parts)


def shown(study: Study[Spec], tables: Mapping[str, Table]) -> Sequence[Table]:
    """The tables for people; plans that no other beats and chosen plans come first."""
    keys = list(labels_of(study.header))
    plans = tables["plans"]
    frame = plans.frame
    kept = frame[frame["on_front"] | (frame["roles"] != "") | (frame["plan"] == AS_IT_STANDS)]
    step = max(1, -(-len(kept) // SHOWN))
    rows = [
        label
        for place, (label, row) in enumerate(kept.iterrows())
        if place % step == 0 or row["roles"] or row["plan"] == AS_IT_STANDS
    ]
    names = {column.name for column in plans.columns}
    columns = [
        "plan", *(lever.name for lever in study.header.levers), "spend", "planned_cost_centre",
        "planned_cost_regions", "expected_spend",
        *(name for key in keys for name in (key, f"{key}_verdict") if name in names),
        *(f"target_{place}" for place in range(1, len(study.header.targets) + 1)),
        "roles",
    ]  # fmt: skip
    short = plans.pick(list(dict.fromkeys(columns)), rows)
    made = [short]
    if "targets" in tables:
        targets, named_so = tables["targets"], set(frame[frame["roles"] != ""]["plan"])
        made.append(targets.pick(rows=targets.frame["plan"].isin(named_so)))
    others = ("gains", "chosen", "costs", "when_it_fails", "drivers")
    return [*made, *(tables[name] for name in others if name in tables)]

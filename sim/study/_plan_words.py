"""The answer to a plan study in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.outcomes import OUTCOMES
from sim.present.format import count, interval, percent
from sim.runs.collect import left_out
from sim.stats.intervals import mean_interval
from sim.study._planned import gains as gain_table
from sim.study._planned import key_of
from sim.study._planned import targets as target_table
from sim.study.plan_file import objective_label, specs_of

if TYPE_CHECKING:
    from sim.study.planning import Plan, Planning


def dosage_words(found: Planning, plan: Plan) -> str:
    """A plan in half a sentence: what is done, how long, by whom."""
    made = plan.candidate.scenario
    words = {"onsite": "visit", "video": "video call", "phone": "phone call", "email": "e-mail"}
    parts = []
    for series in made.dosage:
        every = "every week" if series.every_weeks == 1 else f"every {series.every_weeks:g} weeks"
        parts.append(f"a {words[series.mode]} of {series.hours:g} h {every}")
    together = " and ".join(parts) if len(parts) < 3 else ", ".join(parts)
    co = {f"{series.co_creation_start:.2g}" for series in made.dosage}
    text = f"{together} for {plan.planned.months:.0f} months"
    if len(co) == 1:
        text += f", planned co-creation {co.pop()}"
    regions, providers = len(made.region_names), made.providers.count
    text += f" ({count(regions, 'region')}, {count(providers, 'provider')})"
    return text.replace("a e-mail", "an e-mail")


def spend_words(found: Planning, plan: Plan) -> str:
    """What a plan takes, as the budget counts it."""
    budget = found.header.budget
    spend = f"{found.spend(plan):,.0f}"
    if budget.limit is None:
        return f"{spend} {budget.unit}"
    return f"{spend} of {budget.limit:,.0f} ({budget.unit})"


def name_of(plan: Plan) -> str:
    """The name of a plan in a sentence."""
    return plan.name.replace("_", " ")


def answer(found: Planning) -> str:
    """The answer in two sentences or three."""
    plan = found.best
    third = found.confirmed[plan.name]
    what = dosage_words(found, plan)
    table = target_table(found)
    if found.header.targets and found.reachable:
        chances = "; ".join(
            f"{row['target']}: {row['hits']:,} of {row['runs']:,} runs (90 % interval "
            f"{interval(row['low'], row['high'], percent)}, asked {100 * row['asked']:g} %)"
            for row in table.to_dict("records")
        )
        if table["surely"].all():
            lead = "The cheapest plan found that meets the targets is"
        elif table["met"].all():
            lead = "The cheapest plan found meets the targets by the estimate, though not surely:"
        else:
            lead = (
                "The plan that was cheapest among those that met the targets does not meet them "
                "when it is run once more, so none is known that does:"
            )
        return (
            f"{lead} {what}; it takes {spend_words(found, plan)}. On fresh parameters and luck it "
            f"reaches {chances}. {left_out(third.failed)} {gain_words(found)}"
        )
    if found.header.targets:
        worst = table.iloc[(table["probability"] - table["asked"]).argmin()]
        return (
            f"No plan within these levers{_within(found)} reaches {worst['target']} with "
            f"probability {worst['asked']:g}. The nearest reaches it with probability "
            f"{worst['probability']:.2f} ({worst['hits']:,} of {worst['runs']:,} runs, 90 % "
            f"interval {worst['low']:.2f} to {worst['high']:.2f}), and "
            f"{worst['reached']:.3f} with the asked one: {what}; it "
            f"takes {spend_words(found, plan)}. {gain_words(found)}"
        )
    spec, week = specs_of(found.header)[0]
    middle, low, high = mean_interval(third.objectives[0])
    budget = found.header.budget
    within = "" if budget.limit is None else f" within {budget.text}"
    return (
        f"Least regret{within} has {what}; it takes {spend_words(found, plan)}. On fresh "
        f"parameters and luck {objective_label(spec, week)} is {middle:.3f} on average (90 % "
        f"interval of this mean {low:.3f} to {high:.3f}). {gain_words(found)}"
    )


def gain_words(found: Planning) -> str:
    """What the money buys: the plan against no assistance, and against stopping now."""
    labels = {key_of(*one): objective_label(*one) for one in specs_of(found.header)}
    sentences = []
    for against, rows in gain_table(found).groupby("against", sort=False):
        parts = [
            f"{labels[row['quantity']]} {row['gain']:+.3f} ({row['low']:+.3f} to "
            f"{row['high']:+.3f}), better in {row['better']:,} of {row['runs']:,} runs"
            for row in rows.to_dict("records")
        ]
        sentences.append(f"Against {against} the plan adds: {'; '.join(parts)}.")
    cost = found.best.planned
    payers = (
        f"Its planned cost is {cost.total.money:,.0f}: centre {cost.total.centre:,.0f}, regions "
        f"{cost.total.regions:,.0f}"
    )
    if cost.spent.contacts:
        payers += f", after the {cost.spent.money:,.0f} that the contact log took"
    return " ".join([*sentences, f"{payers}."])


def _within(found: Planning) -> str:
    return "" if found.header.budget.limit is None else f" and {found.header.budget.text}"


def details(found: Planning) -> list[str]:
    """Further findings, a sentence or two each."""
    spec, week = specs_of(found.header)[0]
    label = objective_label(spec, week)
    said = []
    said += _at_a_pinch(found)
    regret = found.roles["least regret"]
    said.append(
        f"Least regret: {name_of(regret)}. In nine of ten plausible sets it is within "
        f"{regret.regret:.3f} of the best of these plans for that set ({label})."
    )
    said += [_most(found, place) for place in range(len(specs_of(found.header)))]
    if (fair := found.roles.get("fairest")) is not None:
        third = found.confirmed[fair.name]
        said.append(
            f"Between regions: {name_of(fair)} does best by the worst region of a run "
            f"({third.worst_region:.3f}, {third.spread:.3f} below the best region)."
        )
    said.append(f"When it fails: {found.failures.text(failing(found))}")
    if found.reference is not None:
        planned, value = found.reference
        spend = found.header.budget.spend(planned)
        limit = found.header.budget.limit
        over = " (over the budget)" if limit is not None and spend > limit else ""
        said.append(
            f"For comparison, the scenario as it stands: {spend:,.0f} "
            f"{found.header.budget.unit}{over}, {label} {value.mean(0):.3f}."
        )
    return said


def _most(found: Planning, place: int) -> str:
    """The plan that does best by one of the outcomes."""
    spec, week = specs_of(found.header)[place]
    sign = OUTCOMES[spec.outcome].sign
    best = (
        found.roles["best"]
        if place == 0
        else max(
            found.plans, key=lambda one: np.nan_to_num(sign * one.value.mean(place), nan=-np.inf)
        )
    )
    return (
        f"{'Most' if sign > 0 else 'Least'} {objective_label(spec, week)}: {name_of(best)}, "
        f"{best.value.mean(place):.3f} on fresh parameters and luck, for "
        f"{spend_words(found, best)}."
    )


def _at_a_pinch(found: Planning) -> list[str]:
    """A cheaper plan that meets the targets by the estimate, though not surely."""
    if found.recommended != "cheapest":
        return []
    for plan in found.plans:
        if plan is found.best:
            return []
        if all(
            one.p >= t.probability
            for one, t in zip(plan.chances, found.header.targets, strict=True)
        ):
            reached = ", ".join(
                f"{one.text} runs ({interval(one.low, one.high, percent)})" for one in plan.chances
            )
            return [
                f"Cheaper but not settled: {name_of(plan)} for {found.spend(plan):,.0f} meets "
                f"them by the estimate, {reached}; the recommended plan does by the lower end of "
                "its interval too. More sets (confirm: sets) would tell."
            ]
    return []


def failing(found: Planning) -> str:
    """What failing means."""
    asked = found.header.targets
    if not asked:
        return "the plan is in its own lowest quarter"
    if len(asked) > 1:
        return f"{name_of(found.best)} misses one of the targets"
    return f"{name_of(found.best)} misses {next(iter(asked)).label}"


def notes(found: Planning) -> list[str]:
    """What the numbers mean and rest on."""
    header = found.header
    said = [
        f"{len(found.scored):,} of {found.space.size:,} possible plans were run on "
        f"{header.search.sets} sets x {header.search.replicates} runs, the best again on "
        f"{header.confirm.sets} fresh sets x {header.confirm.replicates}, the chosen once more on "
        "as many others. A search on luck flatters its winners: compare the columns.",
        f"It rests on {header.confirm.sets} {found.source}.",
        "Spending is as planned: every contact held, everybody there. No run spends more.",
    ]
    names = {lever.name for lever in header.levers}
    if names & {"providers", "providers.count", "sites_per_provider"}:
        said.append(
            "Prices are of hours: more providers cost nothing more here, they only share the work."
        )
    if found.study.scenario.contact_log is not None:
        said.append("The budget counts what comes after the contact log.")
    said += found.best.candidate.discarded
    said.append(
        "Every chosen region gets every contact series; a plan cannot leave one of them out."
    )
    said.append("What if, not forecast: what would follow if the assumptions held.")
    return said

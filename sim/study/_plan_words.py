"""The answer to a plan study in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.runs.collect import left_out
from sim.study._compare_words import percent
from sim.study._planned import targets as target_table
from sim.study.plan_file import objective_label, specs_of
from sim.study.plan_value import mean_interval

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
    text += f" ({_count(regions, 'region')}, {_count(providers, 'provider')})"
    return text.replace("a e-mail", "an e-mail")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


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
            f"{row['target']}: {percent(row['probability'])} (90 % interval "
            f"{percent(row['low'])} to {percent(row['high'])}, asked {100 * row['asked']:g} %)"
            for row in table.to_dict("records")
        )
        first = (
            f"The cheapest plan found that meets the targets is {what}; it takes "
            f"{spend_words(found, plan)}."
        )
        text = f"{first} On fresh parameters and luck it reaches {chances}."
        if lost := left_out(third.failed):
            text += f" {lost}"
        if not table["met"].all():
            text += " That is less than asked, so it is not settled that it meets them."
        return text
    if found.header.targets:
        worst = table.iloc[(table["probability"] - table["asked"]).argmin()]
        return (
            f"No plan within these levers{_within(found)} reaches {worst['target']} with "
            f"probability {worst['asked']:g}. The nearest reaches it with probability "
            f"{worst['probability']:.2f} (90 % interval {worst['low']:.2f} to "
            f"{worst['high']:.2f}), and {worst['reached']:.3f} with the asked one: {what}; it "
            f"takes {spend_words(found, plan)}."
        )
    spec, week = specs_of(found.header)[0]
    middle, low, high = mean_interval(third.objectives[0])
    return (
        f"Least regret{_within(found)} has {what}; it takes {spend_words(found, plan)}. On fresh "
        f"parameters and luck {objective_label(spec, week)} is {middle:.3f} on average (90 % "
        f"interval of this mean {low:.3f} to {high:.3f})."
    )


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
    best = found.roles["best"]
    said.append(
        f"Most {label}: {name_of(best)}, {best.value.mean(0):.3f} on fresh parameters and luck, "
        f"for {spend_words(found, best)}."
    )
    if (fair := found.roles.get("fairest")) is not None:
        third = found.confirmed[fair.name]
        said.append(
            f"Between regions: {name_of(fair)} does best by the worst region of a run "
            f"({third.worst_region:.3f}, {third.spread:.3f} below the best region)."
        )
    said.append(f"When it fails: {found.failures.text(failing(found))}")
    if found.reference is not None:
        planned, value = found.reference
        spend = planned.spend(found.header.budget.measure)
        limit = found.header.budget.limit
        over = " (over the budget)" if limit is not None and spend > limit else ""
        said.append(
            f"For comparison, the scenario as it stands: {spend:,.0f} "
            f"{found.header.budget.unit}{over}, {label} {value.mean(0):.3f}."
        )
    return said


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
                f"{percent(one.p)} ({percent(one.low)} to {percent(one.high)})"
                for one in plan.chances
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
    said.append(
        "Every chosen region gets every contact series; a plan cannot leave one of them out."
    )
    said.append("What if, not forecast: what would follow if the assumptions held.")
    return said

# %% [markdown]
# # 07 Confounding: why "sites with more hours did better" can mislead
#
# Many reports on technical assistance say: *sites that received more hours did better*. In a
# simulation we can do what nobody can do in the field: we can give the **same region** more hours
# and fewer hours, with the same people and the same chance. This notebook compares the true effect
# with the effect that a report would state.
#
# There are three ways to give the same plan to twelve regions:
#
# - **by lot**: every region has the same chance of a contact in every week;
# - **on demand**: regions that are ready, trusting and well led ask more often;
# - **triage**: the centre sends its people where readiness is *lowest*.
#
# About this notebook:
#
# - **Takes** a quarter of an hour to read; all cells together run in less than a minute.
# - **You should know** what a regression line, a control variable and a confounder are.

# %%
# %matplotlib inline
import numpy as np

from sim import Scenario
from sim.core import outcomes
from sim.present import style
from sim.runs.collect import Points
from sim.runs.execute import execute
from sim.runs.plan import RunPlan, common

REPLICATES = 100
END = 104
base = Scenario.shipped("on_demand").replace(providers={"count": 12, "weekly_hours": 20})
series = {"mode": "video", "hours": 1.5, "every_weeks": 6, "last_week": END, "co_creation": 0.6}


def sites(scenario, first=0):
    """Hours, integration at the end, readiness at the start: each (replicates, regions)."""
    job = common(scenario, [scenario.parameter_set()], REPLICATES, (0, END), first=first)
    values = execute(RunPlan((job,), seed=1), None, Points(regions=None)).grid()[0, :, :, :-1, :]
    at = outcomes.INDEX
    return (
        values[:, 1, :, at["contact_hours"]],
        values[:, 1, :, at["integration"]],
        values[:, 0, :, at["readiness"]],
    )


def slope(x, y, *others):
    """Least squares: change of y for one unit of x, with other columns held (pooled sites)."""
    columns = np.column_stack([np.ones(x.size), x.ravel(), *(o.ravel() for o in others)])
    return np.linalg.lstsq(columns, y.ravel(), rcond=None)[0][1]


# %% [markdown]
# ## What really happens with more hours
#
# We begin with the true effect. Every region gets a contact every five weeks instead of six, and
# everything else stays the same: people, chance, everything. The paired difference divided by the
# added hours is the **effect of an hour**.

# %%
plan = base.replace(dosage=[{**series, "timing": "irregular"}])
more = base.replace(dosage=[{**series, "timing": "irregular", "every_weeks": 5}])
hours, end, _ = sites(plan)
hours_more, end_more, _ = sites(more)
truth = (end_more - end).mean() / (hours_more - hours).mean()
print(f"hours {hours.mean():.1f} -> {hours_more.mean():.1f}")
print(f"true effect of ten hours on integration: {10 * truth:+.3f}")

# %% [markdown]
# ## Three worlds
#
# Every region has a provider of its own here, so the hours of one region change nothing in another.
# We can therefore compose the world of triage: we run all regions at each of five intervals, and
# take for each region the run at the interval that belongs to its rank in readiness.

# %%
INTERVALS = (4, 5, 6, 8, 10)  # weeks; the least ready regions get 4
levels = [
    sites(base.replace(dosage=[{**series, "timing": "irregular", "every_weeks": weeks}]))
    for weeks in INTERVALS
]
rank = np.argsort(np.argsort(levels[0][2], axis=1), axis=1)  # 0: the least ready of the twelve
chosen = rank * len(INTERVALS) // rank.shape[1]
triage = tuple(
    np.take_along_axis(np.stack([one[part] for one in levels]), chosen[None], axis=0)[0]
    for part in range(3)
)
on_demand = sites(base.replace(dosage=[{**series, "timing": "on_demand"}]))
worlds = {"by lot": sites(plan), "on demand": on_demand, "triage": triage}

# %% [markdown]
# ## What a report would say
#
# Now we ignore the true effect. Each world has 1,200 sites (twelve regions in a hundred runs) with
# their hours and their integration at the end, and we fit a line. Then we adjust for the readiness
# that was measured at the start, as a careful analyst would.

# %%
print(
    f"{'':10s} {'correlation of hours':>22s} {'line through':>14s} {'readiness':>11s} {'true':>7s}"
)
print(f"{'':10s} {'with readiness':>22s} {'the sites':>14s} {'held':>11s} {'effect':>7s}")
for name, (hours, end, ready) in worlds.items():
    print(
        f"{name:10s} {np.corrcoef(hours.ravel(), ready.ravel())[0, 1]:22.2f}"
        f" {10 * slope(hours, end):14.3f} {10 * slope(hours, end, ready):11.3f} {10 * truth:7.3f}"
    )

# %%
figure = style.figure(
    9.4,
    3.7,
    "The same effect of an hour, three ways to assign hours",
    "Sites of 100 runs. Dashed: the line of a report. Solid: the true effect, from paired runs.",
)
for axes, (name, (hours, end, _)) in zip(
    figure.subplots(1, 3, sharey=True), worlds.items(), strict=True
):
    axes.scatter(hours, end, s=5, color=style.SKY, alpha=0.35, linewidths=0)
    ends = np.array([0.0, 60.0])
    for b, colour, line in (
        (slope(hours, end), style.VERMILLION, "--"),
        (truth, style.INK, "-"),
    ):
        axes.plot(ends, end.mean() + b * (ends - hours.mean()), line, color=colour, linewidth=1.8)
    style.dress(axes)
    axes.set_xlim(0, 60)
    axes.set_ylim(0, 1)
    style.name_y(axes, f"{name}: integration (0-1)")
    style.name_x(axes, "contact hours in two years")
figure

# %% [markdown]
# - **By lot** the line is close to the true effect, because hours are related to nothing else.
# - **On demand** the line is far too steep. Regions that are ready, trusting and well led ask for
#   more hours and would have done better anyway. The adjustment for measured readiness helps but
#   does not remove the bias: leadership and trust also make regions ask, and the report did not
#   measure them.
# - **Triage** makes the same hours look useless or harmful, because the hours went to the regions
#   with the lowest readiness. Here the adjustment for readiness does remove the bias, because hours
#   depended on readiness alone.
#
# The effect of an hour was the *same* in all three worlds, and only the assignment of hours
# differed. So "sites with more hours did better" is not evidence for an effect, and "sites with
# more hours did worse" is not evidence against an effect.
#
# ## How small can a study be?
#
# One study is one run with twelve sites. How widely do the lines of single studies differ in each
# world, and do they have the right sign?

# %%
for name, (hours, end, _) in worlds.items():
    lines = [slope(h, e) for h, e in zip(hours, end, strict=True)]
    low, high = np.quantile(np.array(lines) * 10, [0.05, 0.95])
    print(f"{name:10s} 90 % of single studies say {low:+.2f} to {high:+.2f} for ten hours")

# %% [markdown]
# ## Questions
#
# 1. Which of the three worlds is yours? Who decides how many hours a region gets, and on what
#    grounds?
# 2. What would you have to measure *before* the assistance begins, so that an adjustment would
#    help?
# 3. A lot could decide between regions that are equally ready. Who would object, and what would you
#    answer?
#
# **This is not a forecast.** The sizes rest on assumptions, for example on how strongly readiness
# makes regions ask. The direction of the bias does not.

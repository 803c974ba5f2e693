# %% [markdown]
# # 02 Dosage scenarios compared
#
# A centre has about so many provider hours for three regions. Should it visit more often, stay longer,
# go by video, or stop earlier? Five plans are run with the **same people and the same luck** and over
# **fifty plausible sets** of the assumptions. A difference that holds in nearly all of the sets does
# not hang on numbers that nobody knows.

# %%
# %matplotlib inline
from sim import Scenario
from sim.study.comparison import compare
from sim.view import compare_plots, style

source = Scenario.shipped("source")


def plan(name, **changes):
    """The source case with every contact series changed."""
    series = [{**one, **changes} for one in source.to_dict()["dosage"]]
    return source.replace(name=name, dosage=series)


visit, call = source.to_dict()["dosage"]
plans = [
    source,
    source.replace(name="twice as often", dosage=[{**visit, "every_weeks": 6.5}, {**call, "every_weeks": 2}]),
    plan("contacts twice as long", hours=5.0).replace(
        name="twice as long", dosage=[{**visit, "hours": 8}, {**call, "hours": 3}]
    ),
    source.replace(name="all by video", dosage=[{**visit, "mode": "video"}, call]),
    plan("one year only", last_week=52),
    plan("nothing co-created", co_creation=0.0),
]
labels = ["source case", *(one.name for one in plans[1:])]
found = compare(*plans, sets=50, replicates=4, seed=1, labels=labels)
found.costs()[["scenario", "outcome", "mean"]].pivot(
    index="scenario", columns="outcome", values="mean"
).loc[labels, ["contacts_held", "provider_hours", "travel_hours", "cost"]].round(0)

# %% [markdown]
# ## What differs, and how sure one can be of it
#
# Each row is a plan against the source case. `low` and `high` hold 90 % of the plausible sets;
# `p_beats` is the share of sets in which the plan is better.

# %%
table = found.differences()
table = table[(table["outcome"] == "capacity")].set_index(["b", "point"])
table[["mean", "low", "high", "p_beats", "luck_share"]].round(3)

# %% [markdown]
# Twice as often and twice as long cost about the same contact hours, and are not worth the same: the
# hours of one week have diminishing returns (an equation says so, bounded by 23 published trials of
# practice facilitation), and a long visit takes staff away from their work.
#
# "One year only" has to be read at the horizon, not at its own end: it ends a year earlier.

# %%
compare_plots.intervals(found)

# %% [markdown]
# ## What drives the answer
#
# Which assumptions move the difference most, by rank correlation over the sets? A planner who doubts
# one of them knows where to argue.

# %%
drivers = found.drivers()
drivers = drivers[(drivers["outcome"] == "capacity")]
drivers.columns.tolist()

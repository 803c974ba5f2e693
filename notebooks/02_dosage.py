# %% [markdown]
# # 02 Dosage scenarios compared
#
# A centre has about so many provider hours for three regions. Should it visit more often, stay
# longer, go by video, or stop earlier? Five plans are run with the **same people and the same
# luck** and over **fifty plausible sets** of the assumptions: settings that a calibration
# weighed, drawn by their weight. A difference that holds in nearly all of the sets does not hang
# on numbers that nobody knows.

# %%
# %matplotlib inline
import pandas as pd

from sim import Scenario, compare

source = Scenario.shipped("source")
visit, call = source.to_dict()["dosage"]


def plan(name, visits, calls):
    """The source case with other visits and calls."""
    return source.replace(name=name, dosage=[{**visit, **visits}, {**call, **calls}])


plans = [
    plan("as it is", {}, {}),
    plan("twice as often", {"every_weeks": 6.5}, {"every_weeks": 2}),
    plan("twice as long", {"hours": 8}, {"hours": 3}),
    plan("all by video", {"mode": "video"}, {}),
    plan("one year only", {"last_week": 52}, {"last_week": 52}),
    plan("nothing co-created", {"co_creation": 0}, {"co_creation": 0}),
]
found = compare(plans, sets=50, replicates=4, seed=1)
pd.set_option("display.width", 120, "display.max_columns", 12, "display.max_colwidth", 60)
costs = found.table("costs").pivot(index="scenario", columns="item", values="mean")
items = ["contacts_held", "contact_hours", "travel_hours", "provider_hours", "expected_cost"]
costs.loc[[one.name for one in plans], items].round(0)

# %% [markdown]
# ## What differs, and how sure one can be of it
#
# Each row is a plan against "as it is". `low` and `high` hold 90 % of the plausible sets;
# `p_beats` is the share of sets in which the plan is higher; `chance_share` is how much of the
# spread of a single run's difference is chance and not ignorance.

# %%
table = found.table("differences")
capacity = table[table["outcome"] == "capacity"].set_index(["b", "point"])
capacity[["mean", "low", "high", "p_beats", "chance_share"]].round(3)

# %% [markdown]
# Twice as often and twice as long plan the same contact hours, and they are not worth the same.
# The hours of one week have diminishing returns (an equation says so; 23 published trials of
# practice facilitation bound it), and a long visit takes staff away from their work.
#
# "One year only" is compared at its own end and, with everything else, at the horizon. The
# horizon is the fairer of the two: a plan that ends earlier has had less time to fade.

# %%
found.figure("intervals").draw()

# %% [markdown]
# ## What an hour bought
#
# More is not cheaper. Gain in capacity against no TA for 100 hours of the provider:

# %%
efficiency = found.table("efficiency")
efficiency = efficiency[efficiency["outcome"] == "capacity"].set_index("scenario")
efficiency[["gain", "provider_hours", "per_100_hours", "low", "high"]].round(3)

# %% [markdown]
# ## What drives the answer
#
# Which assumptions move the difference between "nothing co-created" and "as it is" the most
# (rank correlation over the sets)? A planner who doubts one of them knows where to argue. Note
# the grades.

# %%
drivers = found.table("drivers")
drivers = drivers[(drivers["outcome"] == "capacity") & (drivers["b"] == "nothing co-created")]
drivers.set_index("parameter")[["meaning", "grade", "rho", "clear"]].head(5).round(2)

# %% [markdown]
# ## In words
#
# Every comparison can say its answer in a paragraph, with what it rests on.

# %%
import textwrap

print(textwrap.fill(compare(plans[:2], sets=50, replicates=4, seed=1).answer.text, 96))

# %% [markdown]
# **Try**: add a plan of your own to the list. With a fixed budget of provider hours, `codose
# surface` searches frequency against hours, and `codose plan` searches whole plans.
#
# **Next**: [03 sensitivity](03_sensitivity.ipynb), or straight to [07
# confounding](07_confounding.ipynb).

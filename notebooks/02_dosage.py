# %% [markdown]
# # 02 Dosage scenarios compared
#
# A centre has a limited number of provider hours for three regions. Should it visit more often,
# stay longer, meet by video, or stop earlier? This notebook compares six plans. All of them have
# the **same people and the same chance**, and run with **fifty plausible parameter sets**: a
# calibration gave each setting of the assumptions a weight, and the sets are drawn by weight. A
# difference that holds in nearly all sets does not depend on numbers that nobody has measured.
#
# - **Takes** a quarter of an hour to read; all cells together run in about half a minute.
# - **You should know** pandas, and what a percentile is.

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
# ## What differs, and how sure the difference is
#
# Each row compares a plan with "as it is". 90 % of the plausible sets lie between `low` and `high`.
# `p_beats` is the share of sets in which the plan is higher. `chance_share` is the share of chance
# in the variance of a single run's difference; parameter uncertainty is the rest.

# %%
table = found.table("differences")
capacity = table[table["outcome"] == "capacity"].set_index(["b", "point"])
capacity[["mean", "low", "high", "p_beats", "chance_share"]].round(3)

# %% [markdown]
# "Twice as often" and "twice as long" plan the same contact hours, but their effects differ. The
# hours of one week have diminishing returns (an equation of the model, bounded by published trials
# of practice facilitation), and a long visit takes staff away from their work.
#
# "One year only" is compared at its own end and at the horizon. The horizon is the fairer point,
# because at its own end a plan that ends earlier has had no time to fade.

# %%
found.figure("intervals").draw()

# %% [markdown]
# ## What an hour gained
#
# More hours do not gain more for each hour. The table has the gain in capacity against no TA for
# 100 hours of the provider:

# %%
efficiency = found.table("efficiency")
efficiency = efficiency[efficiency["outcome"] == "capacity"].set_index("scenario")
efficiency[["gain", "provider_hours", "per_100_hours", "low", "high"]].round(3)

# %% [markdown]
# ## What drives the answer
#
# Which assumptions change the difference between "nothing co-created" and "as it is" the most? The
# table has rank correlations over the sets. A planner who doubts one of these assumptions knows
# what to question. The column `grade` says how good the evidence is.

# %%
drivers = found.table("drivers")
drivers = drivers[(drivers["outcome"] == "capacity") & (drivers["b"] == "nothing co-created")]
drivers.set_index("parameter")[["meaning", "grade", "rho", "clear"]].head(5).round(2)

# %% [markdown]
# ## In words
#
# Every comparison gives its answer in a paragraph, with the assumptions behind it.

# %%
import textwrap

print(textwrap.fill(compare(plans[:2], sets=50, replicates=4, seed=1).answer.text, 96))

# %% [markdown]
# **Try** a plan of your own in the list. For a fixed budget of provider hours, `codose surface`
# compares frequency with hours, and `codose plan` searches whole plans.
#
# **Next**: [03 sensitivity](03_sensitivity.ipynb), or straight to [07
# confounding](07_confounding.ipynb).

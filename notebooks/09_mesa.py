# %% [markdown]
# # 09 For those who know Mesa
#
# The readable engine of codose is a [Mesa](https://mesa.readthedocs.io) model. This notebook shows
# how to use `model.agents`, `AgentSet`, `DataCollector`, `batch_run`, and a rule of your own. It
# also explains the three ways in which this model differs from most Mesa models.
#
# - **Takes** a quarter of an hour to read; all cells together run in about half a minute.
# - **You should know** Mesa 3 (`AgentSet`, `DataCollector`) and pandas. No knowledge of codose is
#   needed.

# %%
# %matplotlib inline
import warnings

import numpy as np
import pandas as pd
from mesa.batchrunner import batch_run

from sim import CoCreationModel, RegionalStaff, TAProvider, run

model = CoCreationModel("classroom", seed=1, collect_people=True)
print(model)
model.step()  # a week
print("week", model.week, "of", model.horizon, "- running:", model.running)

# %% [markdown]
# ## Agents
#
# `model.agents` has everybody, `model.agents_by_type` the staff and the providers, and both are
# ordinary `AgentSet`s: `select`, `sort`, `agg`, `groupby`, `map`, `get`.

# %%
while model.week < 26:
    model.step()

staff = model.agents_by_type[RegionalStaff]
print("agents:", {kind.__name__: len(found) for kind, found in model.agents_by_type.items()})
print("provider:", model.agents_by_type[TAProvider][0])
print("mean trust:", round(staff.agg("trust", np.mean), 3))

busy = staff.select(lambda person: person.open_commitments > 0)
print("with an open promise:", len(busy), "of", len(staff))
for person in staff.sort("trust", ascending=False).select(at_most=2):
    print("  trusts most:", person)

# %%
groups = staff.groupby("in_core_team")
print("people:", groups.count())
pd.DataFrame({name: groups.agg(name, np.mean) for name in ("trust", "knowledge")}).round(3)

# %% [markdown]
# `do` calls a method of every agent, and `map` collects what the method returns. Use both to look
# at agents, or for a shock of your own between two weeks. **The first difference:** do not step
# agents yourself (`shuffle_do("step")`). Within a week, everybody looks before anybody changes, so
# that the order of people has no effect; `model.step()` keeps this order.

# %%
print("chance to keep a promise:", [round(x, 2) for x in staff.map("keeping_probability")])


def tell(person):
    """Everybody hears praise of the provider: a shock that the scenario does not have."""
    person.trust = min(1.0, person.trust + 0.05)


before = staff.agg("trust", np.mean)
staff.do(tell)
print(f"mean trust {before:.3f} -> {staff.agg('trust', np.mean):.3f}")
model.run()  # to the horizon
print("week", model.week, "- running:", model.running)

# %% [markdown]
# ## DataCollector
#
# `collect=True` (the default) reports every outcome of the model in every week, and
# `collect_people=True` the states of every person. `outcomes=` adds model reporters of your own;
# they reach every table and figure of codose as well.

# %%


def spread_of_trust(model):
    """Standard deviation of trust between people."""
    return float(np.std(model.agents_by_type[RegionalStaff].get("trust")))


watched = CoCreationModel(
    "classroom", seed=1, collect_people=True, outcomes={"spread_of_trust": spread_of_trust}
)
watched.run()
weekly = watched.datacollector.get_model_vars_dataframe()
print(weekly.shape[1], "model reporters")
weekly.loc[[0, 26, 52, 78], ["trust", "knowledge", "integration", "spread_of_trust"]].round(3)

# %%
people = watched.datacollector.get_agenttype_vars_dataframe(RegionalStaff)
axes = people["trust"].unstack().plot(
    figsize=(7, 3), legend=False, color="0.35", linewidth=1, ylabel="trust", xlabel="week",
    title="Trust of eight people, one run",
)  # fmt: skip
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## batch_run
#
# Any argument of the model can be a parameter: a scenario, values of parameters, a class of agents.
# **The second difference:** a random number is a function of seed, replicate, person, week and
# purpose, and not the next number of a stream. Iterations are replicates, and the same replicate
# has the same people and the same chance under every parameter. So compare *pairs* of runs: their
# difference has a far smaller standard error.


# %%
def batch(iterations, **parameters):
    """`mesa.batch_run`, as a table of the last week."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Mesa announces changes of its next version
        rows = batch_run(
            CoCreationModel, parameters, iterations=iterations, max_steps=200,
            data_collection_period=-1, display_progress=False, number_processes=1,
        )  # fmt: skip
    return pd.DataFrame(rows)


table = batch(20, scenario="classroom", parameters=[{"trust_step": 0.2}, {"trust_step": 0.4}])
table["trust_step"] = [given["trust_step"] for given in table["parameters"]]
pairs = table.pivot(index="iteration", columns="trust_step", values="trust")
difference = pairs[0.4] - pairs[0.2]
alone = np.sqrt(pairs.var(ddof=1).sum() / len(pairs))
print(f"difference of trust in the last week: {difference.mean():+.3f}")
print(
    f"standard error, paired {difference.std(ddof=1) / len(pairs) ** 0.5:.4f}, unpaired {alone:.4f}"
)

# %% [markdown]
# ## A rule of your own
#
# Rules are methods of the agents. Override a method and pass the class to the model as
# `staff_class`; `batch_run` varies the class like any other argument. In this example, people with
# open promises are ashamed to come.


# %%
class Ashamed(RegionalStaff):
    """Staff who stay away from a contact more often, the more of their promises are open."""

    def attendance_log_odds(self) -> float:
        return super().attendance_log_odds() - 0.5 * self.open_commitments


table = batch(20, scenario="classroom", staff_class=[RegionalStaff, Ashamed])
table["rule"] = [kind.__name__ for kind in table["staff_class"]]
names = ["trust", "knowledge", "integration"]
means = table.groupby("rule")[names].mean()
pairs = table.pivot(index="iteration", columns="rule", values=names)
gap = pairs.xs("Ashamed", axis=1, level="rule") - pairs.xs("RegionalStaff", axis=1, level="rule")
means.loc["difference"] = gap.mean()
means.loc["standard error"] = gap.std(ddof=1) / len(gap) ** 0.5
means.round(4)

# %% [markdown]
# A rule of your own should draw no random number of its own where it can use one that the model
# draws anyway: `attends(u)` receives its number. [Notebook 06](06_change_a_rule.ipynb) has three
# checks that a new rule should pass.
#
# ## Many runs
#
# **The third difference:** codose has two engines. You can read, step and change the engine above.
# The compiled engine gives the same numbers bit for bit and is far faster. `sim.run` uses the
# compiled engine for the model as it is, and the readable engine for a model of your own.

# %%
runs = run("classroom", replicates=2000, seed=1, fixed=True)
weekly = run("classroom", replicates=1, seed=1, fixed=True)
last = weekly.runs().query("region == 'overall' and outcome == 'trust' and point == 'horizon'")
mine = CoCreationModel("classroom", seed=1)
mine.run()
print("the same number:", float(last["value"].iloc[0]) == mine.outcome("trust"))
summary = runs.summary().query("point == 'horizon' and region == 'overall'").set_index("outcome")
print(f"trust over 2000 runs: {summary.loc['trust', 'mean']:.3f}")

# %% [markdown]
# [Change a rule](../docs/how-to/own-rule.md) goes through all methods that one may override, and
# [Watch it in Mesa's page](../docs/how-to/solara.md) gives the model sliders and a *Step* button.

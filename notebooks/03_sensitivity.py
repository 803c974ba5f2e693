# %% [markdown]
# # 03 Sensitivity, and why chance must be told apart
#
# Nearly all numbers in the model are assumptions with a range. Which of them carry an outcome?
# A sensitivity analysis answers, and it can be fooled: the model is a game of chance, and an
# index that does not know about chance takes dice for effects. This notebook shows both.

# %%
# %matplotlib inline
import numpy as np
import pandas as pd

from sim.studies.kind import StudyKind, ask

pd.set_option("display.width", 120, "display.max_columns", 12)

study = StudyKind.of("sensitivity").make(
    name="Screening, small",
    question="Which assumptions carry integration and trust?",
    scenario="source",
    outcomes=["integration", "trust"],
    weeks=["end_of_ta"],
    factors=["free", "uncertain"],
    method="morris",
    samples=24,
    replicates=10,
    seed=1,
)
result = ask(study)
print(f"{len(result.table('points'))} settings, {result.runs} runs")

# %% [markdown]
# ## What matters
#
# Morris' method moves one assumption at a time from many starting points. `mu_star` is the mean
# size of the change in the outcome when an assumption crosses its whole range.

# %%
indices = result.table("indices").query("index == 'mu_star'")
for outcome in ("integration", "trust"):
    rows = indices[indices["outcome"] == outcome].nlargest(8, "value")
    print(outcome)
    print(rows[["factor", "value", "low", "high", "verdict"]].round(3).to_string(index=False))
    print()

# %%
result.figure("morris-bars").draw()

# %% [markdown]
# The lists differ: what carries trust is not what carries integration. A study that reports
# "the most important parameter" without naming the outcome has said nothing.
#
# ## Why chance must be told apart
#
# Every setting above was run ten times. Within a setting only chance differs; between settings
# the assumptions differ too. The share of the variance **of one run** that is chance:

# %%
for _, row in result.table("noise").iterrows():
    print(f"{row['outcome']:12s} share of chance in a single run: {row['chance']:.2f}")

# %% [markdown]
# Now pretend that we had run every setting once and that each had its own chance, as a study
# without common random numbers would. An assumption that does *nothing at all* makes a good
# test: give the analysis a factor that no rule reads, and see how important it looks.

# %%
rng = np.random.default_rng(1)
runs = result.table("runs")
y = runs["integration @ end_of_ta"].to_numpy().reshape(-1, 10)  # (settings, replicates)
points, replicates = y.shape


def looks(values, factor):
    """Share of variance that a factor seems to explain: squared correlation."""
    return np.corrcoef(values, factor)[0, 1] ** 2


def most_of_dummies(values, dummies=200):
    """What the luckiest of 200 factors without any effect seems to explain."""
    return max(looks(values, rng.random(len(values))) for _ in range(dummies))


small = rng.choice(points, 60, replace=False)
one_each = y[small, rng.integers(0, replicates, 60)]
print(f"60 settings: the best of 200 dummies seems to explain {most_of_dummies(one_each):.2f}")
one_each = y[np.arange(points), rng.integers(0, replicates, points)]
print(
    f"{points} settings: the best of 200 dummies seems to explain {most_of_dummies(one_each):.2f}"
)

# %% [markdown]
# With few runs an assumption without any effect can look like a real one. This is why every
# index that codose prints has an interval and a verdict. **Not yet** means: more runs could
# still change what you would say.

# %%
counted = indices.groupby("outcome")["converged"].agg(["sum", "count"])
print(counted.rename(columns={"sum": "converged", "count": "of"}).to_string())

# %% [markdown]
# ## Common random numbers
#
# The same replicate has the same people and the same dice in *every* setting. So a difference
# between two settings is not blurred by chance that both share. How much is that worth? The
# spread of a difference between two neighbouring settings, with shared chance and with chance of
# their own:

# %%
a, b = y[0], y[1]
paired = (a - b).std(ddof=1)
unpaired = np.sqrt(a.var(ddof=1) + b.var(ddof=1))
print(f"spread of a difference: {paired:.4f} with shared chance, {unpaired:.4f} without")
print(f"so many times the runs would be needed without: {(unpaired / paired) ** 2:.0f}")

# %% [markdown]
# ## Go on
#
# `codose sensitivity screen` runs the shipped screening of every parameter that has a range, with
# far more settings; `sobol`, `pawn`, `interactions` and `over_time` go further. `codose ladder
# cocreation_ladder` takes the benefits of co-creation away one by one, and `functions_ladder`
# those of a mix of functions.
#
# **Questions.** 1. Which of the assumptions on top would you try to measure first, and how? 2.
# Two assumptions carry an outcome equally, one is graded A, the other *assumption*. What do you
# report?
#
# **Next**: [04 calibration](04_calibration.ipynb).

# %% [markdown]
# # 03 Sensitivity, and why chance must be separated
#
# Nearly all numbers in the model are assumptions with a range. Which of them carry an outcome?
# A sensitivity analysis answers this question, but chance can mislead it: the model is stochastic,
# and an index that ignores stochastic variation mistakes it for an effect. This notebook shows the
# analysis and the mistake.
#
# - **Takes** a quarter of an hour to read; all cells together run in about half a minute.
# - **You should know** pandas, and variance and correlation.

# %%
# %matplotlib inline
import numpy as np
import pandas as pd

from sim import ask
from sim.studies.kind import StudyKind

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
# The two lists differ: the assumptions that carry trust are not those that carry integration. A
# study that reports "the most important parameter" must name the outcome.
#
# ## Why chance must be separated
#
# Every setting above was run ten times. Within a setting only chance differs; between settings
# the assumptions differ too. The next cell prints the share of chance in the variance **of one
# run**:

# %%
for _, row in result.table("noise").iterrows():
    print(f"{row['outcome']:12s} share of chance in a single run: {row['chance']:.2f}")

# %% [markdown]
# Now suppose that we had run every setting once, each with its own chance, as in a study without
# common random numbers. A factor that does *nothing at all* is a good test: we give the analysis a
# factor that no rule reads, and see how important it looks.

# %%
rng = np.random.default_rng(1)
runs = result.table("runs")
y = runs["integration @ end_of_ta"].to_numpy().reshape(-1, 10)  # (settings, replicates)
points, replicates = y.shape


def looks(values, factor):
    """Share of variance that a factor seems to explain: squared correlation."""
    return np.corrcoef(values, factor)[0, 1] ** 2


def most_of_dummies(values, dummies=200):
    """The largest share that any of 200 factors without an effect seems to explain."""
    return max(looks(values, rng.random(len(values))) for _ in range(dummies))


small = rng.choice(points, 60, replace=False)
one_each = y[small, rng.integers(0, replicates, 60)]
print(f"60 settings: the best of 200 dummies seems to explain {most_of_dummies(one_each):.2f}")
one_each = y[np.arange(points), rng.integers(0, replicates, points)]
print(
    f"{points} settings: the best of 200 dummies seems to explain {most_of_dummies(one_each):.2f}"
)

# %% [markdown]
# With few runs, a factor without any effect can look important. For this reason every index that
# codose prints has an interval and a verdict. The verdict **not yet** means that more runs could
# still change the conclusion.

# %%
counted = indices.groupby("outcome")["converged"].agg(["sum", "count"])
print(counted.rename(columns={"sum": "converged", "count": "of"}).to_string())

# %% [markdown]
# ## Common random numbers
#
# The same replicate has the same people and the same chance in *every* setting. A difference
# between two settings is therefore not blurred by the chance that both share. The next cell
# compares the spread of such a difference with common random numbers and with independent ones. It
# prints medians over all pairs of neighbouring settings with different outcomes:

# %%
from itertools import pairwise

neighbours = [(a, b) for a, b in pairwise(y) if (a != b).any()]
paired = np.median([(a - b).std(ddof=1) for a, b in neighbours])
unpaired = np.median([np.sqrt(a.var(ddof=1) + b.var(ddof=1)) for a, b in neighbours])
print(f"spread of a difference: {paired:.4f} with shared chance, {unpaired:.4f} without")
print(f"without, the same precision needs {(unpaired / paired) ** 2:.0f} times as many runs")

# %% [markdown]
# ## Go on
#
# `codose sensitivity screen` runs the shipped screening of every parameter that has a range, with
# far more settings; `sobol`, `pawn`, `interactions` and `over_time` go further. `codose ladder
# cocreation_ladder` removes the benefits of co-creation one by one, and `functions_ladder` removes
# those of a mix of functions.
#
# **Questions.**
#
# 1. Which of the leading assumptions would you try to measure first, and how?
# 2. Two assumptions carry an outcome equally. One has grade A, and the other is graded
#    *assumption*. What do you report?
#
# **Next**: [04 calibration](04_calibration.ipynb).

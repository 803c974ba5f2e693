# %% [markdown]
# # 08 codose with your tools
#
# This notebook does three tasks of a researcher, each in a few lines: it compares scenarios, ranks
# the assumptions that carry a result, and fits two parameters to numbers of your own. The last part
# explains the function that all three tasks use. The page [Use your own
# tools](../docs/how-to/your-tools.md) has more tools.
#
# - **Takes** a quarter of an hour to read; all cells together run in about half a minute.
# - **You should know** pandas and NumPy; SALib and SciPy are used in one cell each.

# %%
# %matplotlib inline

# %% [markdown]
# ## Bands of three scenarios
#
# `run` takes several scenarios and returns one frame with a column `scenario`. All scenarios have
# the same seed, so equal regions have the same people and the same chance.

# %%
from sim import run

runs = run(["source", "light_touch", "on_demand"])
bands = runs.weeks()
runs.plot(["trust", "integration"])

# %% [markdown]
# The numbers behind the figure are one long table:

# %%
last = bands[(bands["week"] == 156) & (bands["region"] == "overall") & (bands["arm"] == "with_ta")]
shown = last[last["outcome"].isin(["trust", "integration"])]
shown[["scenario", "outcome", "mean", "p05", "p50", "p95"]].round(2).reset_index(drop=True)

# %% [markdown]
# ## Which of six assumptions carry integration
#
# `simulator` makes a function `f(X) -> Y` of the model, and `f.problem` tells
# [SALib](https://salib.readthedocs.io) which parameters vary. Every row of X has the same people
# and the same chance, so differences between rows contain no stochastic variation.

# %%
from SALib import ProblemSpec

from sim import simulator

names = ["trust_step", "learning_rate", "hour_scale", "uptake_ratio", "keeping", "routine_step"]
f = simulator("source", names, "integration", replicates=4)
study = ProblemSpec(f.problem).sample_sobol(64, seed=1).evaluate(f).analyze_sobol(seed=1)

# %%
total, first, second = study.to_df()
total.round(2).sort_values("ST", ascending=False)

# %% [markdown]
# ## Two parameters fitted to numbers of one's own
#
# The numbers are the mean trust in an invented survey at the start, after half a year and after a
# year. Least squares varies two parameters until the model gives the same means.

# %%
import numpy as np
from scipy.optimize import least_squares

seen = [0.41, 0.47, 0.50]
f = simulator("source", ["first_trust", "trust_step"], "trust", [0, 26, 52], replicates=20)
box = np.transpose(f.bounds)
fit = least_squares(lambda x: f(x) - seen, [0.4, 0.25], bounds=box, diff_step=0.02)

# %%
print("fitted:", dict(zip(f.names, fit.x.round(2).tolist(), strict=True)))
print("trust in weeks 0, 26, 52:", f(fit.x).round(2).tolist())

# %% [markdown]
# A fit is one point and says nothing about its neighbours. `calibrate` gives every setting a weight
# and reports which parameters the numbers narrow. The data are survey answers on a scale of 1 to 5,
# with their standard deviation and the number of people. People answer more kindly than they feel,
# so their leniency varies beside the two parameters.

# %%
import pandas as pd

import sim

data = pd.DataFrame({"item": "trust", "wave": ["start", 26, 52], "mean": [2.64, 2.88, 3.0]})
data = data.assign(sd=0.8, n=80)
two = ["first_trust", "trust_step"]
found = sim.calibrate("source", data=data, parameters=two, samples=400, replicates=8)

# %%
found.table("narrowed").set_index("name")[["mean", "low", "high", "narrowed"]].round(2)

# %% [markdown]
# The data narrow the start and hardly narrow the step, although least squares gave one value for
# each. (400 settings are few: the default makes ten times as many runs.)
#
# ## The function behind the three tasks
#
# The function takes arrays, frames and single points, and refuses input that it cannot run.

# %%
from sim.core.errors import InputError

print(f)
print("bounds:", f.bounds)
print("one point:", round(f(first_trust=0.4, trust_step=0.3)["trust @ week_52"], 3))
try:
    f([[0.4, 0.3], [0.4, 0.9]])
except InputError as error:
    print("refused:", error)

# %% [markdown]
# Common random numbers are a choice. With them (`paired=True`), two points that hardly differ have
# nearly the same answer. Without them, most of the difference between two such points is chance.

# %%
near = [[0.4, 0.30], [0.4, 0.31]]
for paired in (True, False):
    g = simulator("source", f.names, "trust", replicates=4, paired=paired)
    low, high = g(near)
    print(f"paired={paired}: the difference is {high - low:+.4f}")

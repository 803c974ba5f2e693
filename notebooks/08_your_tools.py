# %% [markdown]
# # 08 codose with your tools
#
# Three tasks of a researcher, each in a handful of lines: scenarios side by side, the assumptions
# that carry a result, and two parameters fitted to numbers of one's own. The last part looks at
# what stands behind the one function that they share. The page
# [Use your own tools](../docs/how-to/your-tools.md) has more tools.

# %%
# %matplotlib inline

# %% [markdown]
# ## Bands of three scenarios
#
# `run` takes several scenarios and gives one frame with a column `scenario`. All have the same
# seed, so regions that are the same have the same people and the same chance.

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
# `simulator` makes a function `f(X) -> Y` of the model, and `f.problem` says to
# [SALib](https://salib.readthedocs.io) what varies. Every row of X meets the same people with the
# same chance, so the indices hold no noise of that sort.

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
# Mean trust of a made-up survey at the start, after half a year and after a year. Least squares
# moves two parameters until the model says the same.

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
# A fit is one point and says nothing of its neighbours. `calibrate` gives every setting a weight
# and says what the numbers narrowed. It takes answers as a survey gives them, on a scale of 1 to 5,
# with their spread and the number of people; and since people answer more kindly than they feel,
# that leniency varies beside the two parameters.

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
# The start is narrowed; the step is hardly known better than before, whatever least squares says.
# (400 settings are few: the default makes ten times as many runs.)
#
# ## What stands behind it
#
# The function takes arrays, frames and single points, and refuses what it cannot run.

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
# Paired or not is a choice. Two points that hardly differ have hardly another answer when they
# meet the same chance; else their difference is chance.

# %%
near = [[0.4, 0.30], [0.4, 0.31]]
for paired in (True, False):
    g = simulator("source", f.names, "trust", replicates=4, paired=paired)
    low, high = g(near)
    print(f"paired={paired}: the difference is {high - low:+.4f}")

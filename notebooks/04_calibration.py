# %% [markdown]
# # 04 Calibration: what the data say, and what they do not
#
# Published numbers exist for some of what the model does: commitments kept, knowledge before
# and after, what a year of support did to capacity. Nearly all come from clinics, schools and
# coalitions. A calibration asks: *which settings of the model agree with them all, and how
# much narrower does that make each assumption?* The second half of the question is the one that
# reports leave out.
#
# This is a small study, made to run in under a minute. `codose calibrate calibrate` is the real
# one.

# %%
# %matplotlib inline
import pandas as pd

from sim.present import style
from sim.studies.calibrate import calibrate

pd.set_option("display.width", 120, "display.max_columns", 12, "display.max_colwidth", 44)

found = calibrate(
    name="A small calibration",
    samples=1200,
    replicates=4,
    truths=0,
    kept=500,
)
summary = found.table("summary").iloc[0]
print(f"{summary['targets']:.0f} targets, {summary['borrowed']:.0f} of them from other sectors")
ess = summary["effective_sample"]
print(f"of {summary['settings']} settings as many count as (effective sample size): {ess:.0f}")

# %% [markdown]
# ## What is known
#
# A target is one published number or pattern, with the range that its own uncertainty allows.
# `met` is the share of settings, drawn from the whole ranges, that meet it: near 1 means that
# it rules out nothing. Grade A: the same setting or people; B: the same kind of work in another
# sector.

# %%
what = found.table("targets").set_index("id")["what"]
print("met  grade  target")
for name, one in found.table("targets").set_index("id").sort_values("met").iterrows():
    print(f"{one['met']:4.0%}  {one['grade']:5s} {what[name]}")

# %% [markdown]
# Most targets are met by most settings. Together they still leave a small part of the ranges:

# %%
print(f"settings that meet every target at once: {summary['within_all']:.0%}")

# %% [markdown]
# ## What the targets narrow, and what they do not
#
# Compare each assumption before (its range) and after (the settings, each by the weight that the
# targets give it). `narrowed` is the part of its spread that went: 0 is nothing. `noise` is what
# chance alone would show; `our_reading` says that words did it ("clearly", "some"), whose bounds
# are ours.

# %%
table = found.table("narrowed")
free = table[table["what"] == "free"].set_index("name")
print(free[["grade", "narrowed", "noise", "targets", "our_reading"]].round(2).to_string())

# %%
figure = style.figure(
    8.0,
    4.6,
    "What the targets say about each calibrated assumption",
    "Share of each range, 5-95 %. Grey: before. Blue: after, narrowed. Orange: within noise.",
)
axes = figure.subplots()
style.dress(axes, grid=False)
for row, (_, one) in enumerate(free.iterrows()):
    width = one["prior_high"] - one["prior_low"]
    low, high = ((one[end] - one["prior_low"]) / width for end in ("low", "high"))
    axes.plot([0, 1], [row, row], color=style.FAINT, linewidth=9, solid_capstyle="butt")
    colour = style.BLUE if one["narrowed"] > one["noise"] else style.ORANGE
    axes.plot([low, high], [row, row], color=colour, linewidth=4, solid_capstyle="butt")
axes.set_yticks(range(len(free)), [style.words(name) for name in free.index])
axes.invert_yaxis()
style.name_x(axes, "place in its range before (0: 5 %, 1: 95 %)")
figure

# %% [markdown]
# **For most assumptions the range came back as it went in.** The targets do not speak about
# them: how fast trust fades, for one, has never been measured here. A report that prints
# "calibrated" beside such a number claims what it does not have. Sweep it instead.
#
# Sometimes a *combination* is held better than its parts: how fast people learn, and how many
# hours make a full contact, can trade against each other.

# %%
pairs = table[table["what"] == "combination"].set_index("name")
print(pairs[["narrowed"]].sort_values("narrowed", ascending=False).round(2).to_string())

# %% [markdown]
# ## The number that says less than it seems
#
# Surveys of trusted technical assistance come out near 4.7 of 5. That looks like the best
# target of all. It is not one: such a mean pins how *lenient* people answer, not how much they
# trust. See for yourself: the same survey of the same people at three levels of leniency.

# %%
from sim import Scenario
from sim.runs.instruments import observe, survey

source = Scenario.shipped("source")
for leniency in (0.2, 0.3, 0.4):
    parameters = source.parameter_set().replace(survey_leniency=leniency)
    seen = observe(source, parameters, seed=1, replicates=50, weeks=[0, 104])
    latent = seen.people["trust"][:, 1].mean()
    answers = survey(seen, parameters, "trust", wave=1, items=4).described()
    mean = answers.mean[0]
    print(f"leniency {leniency:.1f}: trust in the model {latent:.2f}, survey mean {mean:.2f}")

# %% [markdown]
# ## Questions
#
# 1. Which single number would you measure next, to narrow an assumption that came back
#    unchanged?
# 2. The targets come from clinics and schools. Which of them would you throw out for your own
#    work, and what would then be left? (`leave_out` in the study file does it.)
# 3. Is "the model fits all targets" a good sign? What could fit them as well?
#
# **Next**: [05 teaching](05_teaching.ipynb) or [07 confounding](07_confounding.ipynb).

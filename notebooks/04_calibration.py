# %% [markdown]
# # 04 Calibration: what the data say, and what they do not
#
# Published numbers exist for some of the model's outcomes: commitments kept, knowledge before and
# after, the change in capacity after a year of support. Nearly all of them come from clinics,
# schools and coalitions. A calibration asks *which settings of the model agree with all of these
# numbers, and by how much the data narrow each assumption*. Many reports leave out the second half
# of this question.
#
# - **Takes** twenty minutes to read; all cells together run in less than a minute.
# - **You should know** pandas, and what a prior and a posterior are. No knowledge of approximate
#   Bayesian computation is needed.
#
# The study in this notebook is small. `codose calibrate calibrate` runs the shipped one.

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
print(f"effective sample size of {summary['settings']:.0f} settings: {ess:.0f}")

# %% [markdown]
# ## What is known
#
# A target is one published number or pattern, with the range that its own uncertainty allows.
# `met` is the share of settings, drawn from the whole ranges, that meet the target. A share near
# 100 % means that the target rules out nothing. Grade A means the same setting or people, and grade
# B the same kind of work in another sector.

# %%
what = found.table("targets").set_index("id")["what"]
print("met  grade  target")
for name, one in found.table("targets").set_index("id").sort_values("met").iterrows():
    print(f"{one['met']:4.0%}  {one['grade']:5s} {what[name]}")

# %% [markdown]
# Most settings meet most targets. Far fewer settings meet all targets at once:

# %%
print(f"settings that meet every target at once: {summary['within_all']:.0%}")

# %% [markdown]
# ## What the targets narrow, and what they do not
#
# The table compares each assumption before the calibration (its range) and after it (the settings,
# weighted by the targets). `narrowed` is the contraction of the standard deviation: 0 means no
# contraction. `noise` is the contraction that chance alone would show. `our_reading` marks an
# assumption that was narrowed by a word such as "clearly" or "some", whose bounds we chose.

# %%
table = found.table("narrowed")
free = table[table["what"] == "free"].set_index("name")
print(free[["grade", "narrowed", "noise", "targets", "our_reading"]].round(2).to_string())

# %%
figure = style.figure(
    8.0,
    4.6,
    "What the targets say about each calibrated assumption",
    "5th to 95th percentile, in shares of each range.",
)
axes = figure.subplots()
style.dress(axes, grid=False)
looks = {
    "before": {"color": style.FAINT, "linewidth": 11},
    "after: narrowed by the data": {"color": style.BLUE, "linewidth": 5},
    "after: not narrowed": {"color": style.ORANGE, "linewidth": 1.5, "marker": "|"},
}
for row, (_, one) in enumerate(free.iterrows()):
    width = one["prior_high"] - one["prior_low"]
    ends = [(one[end] - one["prior_low"]) / width for end in ("low", "high")]
    informed = one["narrowed"] > one["noise"]
    after = "after: narrowed by the data" if informed else "after: not narrowed"
    for name, line in (("before", [0, 1]), (after, ends)):
        axes.plot(line, [row, row], solid_capstyle="butt", **looks[name])
axes.set_yticks(range(len(free)), [style.words(name) for name in free.index])
axes.invert_yaxis()
for name, look in looks.items():
    axes.plot([], [], label=name, **look)
axes.legend(frameon=False, fontsize=style.SMALL_SIZE, loc="upper left", bbox_to_anchor=(1, 1))
style.name_x(axes, "position in the range before (0: 5th percentile, 1: 95th)")
figure

# %% [markdown]
# **The data hardly narrow most assumptions.** The targets say nothing about them; for example,
# nobody has measured here how fast trust fades. A report that prints "calibrated" beside such a
# number claims knowledge that it does not have. Vary such a number over its range instead.
#
# Sometimes the data inform a *combination* better than its parts. For example, faster learning and
# more hours to a full contact can compensate each other.

# %%
pairs = table[table["what"] == "combination"].set_index("name")
print(pairs[["narrowed"]].sort_values("narrowed", ascending=False).round(2).to_string())

# %% [markdown]
# ## A number that says less than it seems to
#
# Surveys of trusted technical assistance give means near 4.7 of 5. Such a mean looks like the best
# target of all, but it is not a target: it determines how *lenient* people answer and not how much
# they trust. The next cell makes the same survey of the same people at three levels of leniency.

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
# 1. Which single number would you measure next, to narrow an assumption that the data did not
#    narrow?
# 2. The targets come from clinics and schools. Which of them would you leave out for your own work
#    (with `leave_out` in the study file), and what would then still be narrowed?
# 3. Is "the model fits all targets" a good sign? Which other model could fit them as well?
#
# **Next**: [05 teaching](05_teaching.ipynb) or [07 confounding](07_confounding.ipynb).

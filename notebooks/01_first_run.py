# %% [markdown]
# # 01 First run, and the story of one region
#
# What do two years of technical assistance (TA) leave behind in three regions, *if* the
# model's assumptions hold? This notebook runs the shipped source case, reads its table and
# figures, and then follows the people of one region week by week.
#
# - **Takes** a quarter of an hour to read; all cells together run in less than half a minute.
# - **You should know** a little Python and pandas. You need no other package than codose.
#
# The cell above each number computes it.

# %%
# %matplotlib inline
from sim import CoCreationModel, RegionalStaff, Scenario, run
from sim.present import calendar_plots
from sim.studies.run import team
from sim.studies.run.team_plot import team_network

scenario = Scenario.shipped("source")  # or Scenario.load("my_region.yaml")
print(scenario.name)
print(scenario.question)
print(
    scenario.region_names, "-", scenario.horizon_weeks, "weeks, TA ends in week", scenario.end_of_ta
)

# %% [markdown]
# ## What is planned
#
# The plan has a visit each quarter and a call every four weeks, and the hours of both shrink over
# time. The hours are an *assumption*: the study behind the case reports little TA on site, and its
# tables are not in this repository.

# %%
calendar_plots.dosage_timeline(scenario)

# %% [markdown]
# ## Two hundred runs
#
# Each run has its own people and its own chance. Each run is also made **without assistance**,
# with the same people and the same chance. The difference between the two is the effect.

# %%
runs = run(scenario, replicates=200, seed=1, fixed=True)
summary = runs.summary()
ends = summary[summary["point"] == "end_of_ta"].set_index("outcome")
headlines = ["trust", "mutual_accountability", "knowledge", "integration", "capacity"]
ends.loc[headlines, ["mean", "no_ta_mean", "effect_mean", "effect_p05", "effect_p95"]].round(3)

# %% [markdown]
# Nine runs in ten lie between the last two columns. The two columns show **chance alone**: other
# people and other events. They do not show what we do not know about the parameters, which is the
# subject of notebooks 02 and 03.

# %%
runs.figure("trajectories").draw()

# %% [markdown]
# Read the panels one by one. Trust and knowledge fall when TA ends, and integration and capacity
# stay up. In the model, routines do not need the provider any more.
#
# ## One region, week by week
#
# `classroom` is one region with eight people. Four are in the core team and meet the provider, and
# four only hear from colleagues. The model is a [Mesa](https://mesa.readthedocs.io) model, and one
# step is one week.

# %%
classroom = Scenario.shipped("classroom")
model = CoCreationModel(classroom, seed=1, collect_people=True)
region = model.regions[0]
for _ in range(26):
    model.step()
    ledger = region.ledger
    if not ledger.planned:
        continue
    if not ledger.held:
        who = "the provider" if ledger.failed_provider else "the region"
        print(f"week {model.week:2d}: cancelled by {who}")
        continue
    print(
        f"week {model.week:2d}: {ledger.present} of {ledger.invited} came;"
        f" {ledger.kept_staff + ledger.kept_provider} commitments kept,"
        f" {ledger.broken_staff + ledger.broken_provider} broken,"
        f" {ledger.made_staff + ledger.made_provider} new;"
        f" trust now {model.outcome('trust'):.2f}"
    )

# %% [markdown]
# One run is one story and not a result. One run can answer "how could this happen?", and nothing
# else. The next cells finish the run and look at every person.

# %%
model.run()
people = model.datacollector.get_agenttype_vars_dataframe(RegionalStaff)
people = people.reset_index().rename(columns={"AgentID": "person", "Step": "week"})
knowledge = people.pivot(index="week", columns="person", values="knowledge")
core = {person.unique_id: person.in_core_team for person in model.staff}

# %%
from sim.present import style

figure = style.figure(7.0, 3.6, "Knowledge of eight people", "One run of 'classroom', seed 1")
axes = figure.subplots()
style.dress(axes)
named = set()
for person, line in knowledge.items():
    name = "core team" if core[person] else "the others"
    look = {"color": style.BLUE} if core[person] else {"color": style.ORANGE, "linestyle": "--"}
    label = "_" if name in named else name
    axes.plot(line.index, line.to_numpy(), linewidth=1.5, label=label, **look)
    named.add(name)
axes.legend(frameon=False, fontsize=style.SMALL_SIZE, loc="lower right", bbox_to_anchor=(1, 0.12))
style.week_ticks(axes, classroom.horizon_weeks)
style.mark_week(axes, classroom.end_of_ta, "TA ends")
axes.set_ylim(0, 1)
style.name_y(axes, "knowledge (0-1)")
style.name_x(axes)
figure

# %% [markdown]
# A step up is a contact, and a slow fall is forgetting. A jump between contacts, up or down, is a
# new person in the post. The dashed lines rise too, because colleagues pass on a little of what
# they gained.

# %%
team_network(*team.take_snapshots(classroom, seed=1), "One run of 'classroom', seed 1")

# %% [markdown]
# ## Keep it
#
# `runs.save("results/source")` writes a folder with every number, the scenario and the record of
# how the numbers were made. `codose verify results/source` repeats the runs and compares. On the
# command line, `codose run source --fixed` runs the same study.
#
# **Next**: [02 dosage scenarios compared](02_dosage.ipynb).

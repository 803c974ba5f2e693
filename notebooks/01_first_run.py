# %% [markdown]
# # 01 First run, and the story of one region
#
# What does two years of technical assistance (TA) leave behind in three regions, *if* the
# model's assumptions hold? This notebook runs the shipped source case, reads its table and
# figures, and then follows the people of one region week by week.
#
# You need nothing but the package. Every number below is made by the cell above it.

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
# A visit a quarter and a call every four weeks, both tapering. Hours are an *assumption*: the
# study behind the case reports little TA on site, and its tables are not in this repository.

# %%
calendar_plots.dosage_timeline(scenario)

# %% [markdown]
# ## Two hundred runs
#
# Each run has other people and other luck, and a **partner**: the same people and the same luck
# without TA. The difference between the two is the effect.

# %%
runs = run(scenario, replicates=200, seed=1, fixed=True)
summary = runs.summary()
ends = summary[summary["point"] == "end_of_ta"].set_index("outcome")
headlines = ["trust", "mutual_accountability", "knowledge", "integration", "capacity"]
ends.loc[headlines, ["mean", "no_ta_mean", "effect_mean", "effect_p05", "effect_p95"]].round(3)

# %% [markdown]
# The last two columns hold nine runs in ten. They are **luck alone**: other people, other dice.
# What we do not know about the parameters is not in them; notebooks 02 and 03 put it in.

# %%
runs.figure("trajectories").draw()

# %% [markdown]
# Read the panels one by one: trust and knowledge fall when TA ends; integration and capacity
# hold. In the model, what has become routine does not need the provider any more.
#
# ## One region, week by week
#
# `classroom` is one region with eight people. Four are in the core team and meet the provider;
# four hear of it from colleagues. The model is a [Mesa](https://mesa.readthedocs.io) model: a
# step is a week.

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
# One run is one story, not a result. It is good for asking "how could that happen?", and for
# nothing else. Let us finish it and look at every person.

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
for person, line in knowledge.items():
    colour, width = (style.BLUE, 1.8) if core[person] else (style.ORANGE, 1.2)
    axes.plot(line.index, line.to_numpy(), color=colour, linewidth=width)
style.week_ticks(axes, classroom.horizon_weeks)
style.mark_week(axes, classroom.end_of_ta, "TA ends")
axes.set_ylim(0, 1)
style.name_y(axes, "knowledge (0-1); blue: core team, orange: the others")
style.name_x(axes)
figure

# %% [markdown]
# Steps up are contacts; the slow falls are forgetting; a jump, up or down, between contacts is
# a new person in the post. The orange lines move too: colleagues pass on a little of what they
# gained.

# %%
team_network(team.take_snapshots(classroom, seed=1), "One run of 'classroom', seed 1")

# %% [markdown]
# ## Keep it
#
# `runs.save("results/source")` writes a folder with every number, the scenario and where it all
# came from; `codose verify results/source` makes the runs again and compares. On the command
# line the same study is `codose run source --fixed`.
#
# **Next**: [02 dosage scenarios compared](02_dosage.ipynb).

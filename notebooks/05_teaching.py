# %% [markdown]
# # 05 Teaching: co-creation, trust, promises
#
# **For a class without programming.** Open it in Jupyter, choose *Run → Run All Cells*, and
# move the sliders. One region, eight people, one provider, a year of assistance and half a year
# after it.
#
# Words used here:
#
# - **Co-creation**: how much is decided together. 0: the provider decides; 1: everything is
#   decided together.
# - **Commitment** (promise): something that a person, or the provider, says they will do before
#   the next contact. At the next contact it is looked at: kept or broken.
# - **Trust**: of each person in the provider, 0 to 1. It is the model's own scale, not a survey
#   score.
#
# Everything here is *what would follow if the model's assumptions held*. It is not a forecast.

# %%
# %matplotlib inline
from sim import CoCreationModel, RegionalStaff, Scenario, run
from sim.present import style

WEEKS = 78


def plan(co_creation=0.6, visit_every=13, hours=4.0, core_team=0.5, provider_leaves=False):
    """The scenario that the sliders say."""
    shipped = Scenario.shipped("classroom")
    series = {"last_week": 52, "co_creation": co_creation}
    leaving = {"kind": "provider_leaves", "week": 26, "provider": "provider_1"}
    return shipped.replace(
        regions={**shipped.to_dict()["regions"], "core_team": core_team},
        dosage=[
            {"mode": "onsite", "every_weeks": visit_every, "hours": hours, **series},
            {"mode": "video", "every_weeks": 4, "hours": 1.5, "first_week": 3, **series},
        ],
        shocks=[leaving] if provider_leaves else [],
    )


def region(seed=1, **choices):
    """One region, run to the end."""
    model = CoCreationModel(plan(**choices), seed=seed, collect_people=True)
    model.run()
    return model


def draw(model, title):
    """Trust of each person, and promises as they pile up."""
    people = model.datacollector.get_agenttype_vars_dataframe(RegionalStaff)
    trust = people["trust"].unstack()
    core = {person.unique_id: person.in_core_team for person in model.staff}
    columns = model.datacollector.get_model_vars_dataframe()
    figure = style.figure(9.0, 3.6, title, "One run of one region: a story, not a result.")
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        style.dress(axes)
        style.week_ticks(axes, WEEKS)
        style.mark_week(axes, 52, "TA ends")
        style.name_x(axes)
    for person, line in trust.items():
        colour = style.BLUE if core[person] else style.ORANGE
        left.plot(line.index, line.to_numpy(), color=colour, linewidth=1.3)
    left.set_ylim(0, 1)
    style.name_y(left, "trust; blue: meets the provider, orange: does not")
    kept, broken = (columns[f"commitments_{what}"].cumsum() for what in ("kept", "broken"))
    right.plot(kept.index, kept.to_numpy(), color=style.GREEN, linewidth=1.8)
    right.plot(broken.index, broken.to_numpy(), color=style.VERMILLION, linewidth=1.8)
    right.set_ylim(0, max(10, 1.15 * float(max(kept.iloc[-1], broken.iloc[-1]))))
    style.name_y(right, "promises so far; green: kept, red: broken")
    return figure


# %% [markdown]
# ## The sliders
#
# They need a running kernel; where this page is only shown, look at the figures below.

# %%
import ipywidgets as widgets
from IPython.display import display


def show(co_creation, visit_every, hours, core_team, provider_leaves, seed):
    model = region(
        seed,
        co_creation=co_creation,
        visit_every=visit_every,
        hours=hours,
        core_team=core_team,
        provider_leaves=provider_leaves,
    )
    display(draw(model, f"Co-creation {co_creation:g}, a visit every {visit_every} weeks"))


wide = {"description_width": "11em"}
_ = widgets.interact(
    show,
    co_creation=widgets.FloatSlider(
        0.6, min=0, max=1, step=0.2, description="co-creation", style=wide
    ),
    visit_every=widgets.SelectionSlider(
        options=[4, 8, 13, 26], value=13, description="weeks between visits", style=wide
    ),
    hours=widgets.FloatSlider(4, min=1, max=8, step=1, description="hours of a visit", style=wide),
    core_team=widgets.FloatSlider(
        0.5, min=0.25, max=1, step=0.25, description="share who attend", style=wide
    ),
    provider_leaves=widgets.Checkbox(False, description="the provider leaves in week 26"),
    seed=widgets.IntSlider(1, min=1, max=20, description="luck (another class)", style=wide),
)
# %% [markdown]
# ## Question 1. Nothing is decided together
#
# *Before you move the slider: what happens to trust, and to promises, when co-creation is 0?*
# Write your guess down.

# %%
draw(region(co_creation=0.0), "Nothing is decided together")

# %%
draw(region(co_creation=1.0), "Everything is decided together")

# %% [markdown]
# One run is one story. Here is the same question over two hundred classes: the mean of each.


# %%
def over_classes(**choices):
    """Mean of the region's outcomes when assistance ends, over 200 runs."""
    table = run(plan(**choices), replicates=200, seed=1, fixed=True).summary()
    return table[table["point"] == "end_of_ta"].set_index("outcome")["mean"]


for co_creation in (0.0, 0.6, 1.0):
    end = over_classes(co_creation=co_creation)
    print(
        f"co-creation {co_creation:g}: trust {end['trust']:.2f},"
        f" promises made {end['commitments_made']:.1f}"
    )

# %% [markdown]
# **Expected answer.** Without co-creation *fewer promises are made*, and all of them by the
# staff: in the model a provider that decides alone assigns some tasks, and what is decided
# together is shared; trust stays below. **But who says so?** The model does: an equation turns
# shared power into trust, another says how much is assigned, and both weights are assumptions.
# That is put in, not found out. The honest sentence is "if power sharing builds trust as much as
# we assumed, then ...".
#
# ## Question 2. Who did not come to the meetings?
#
# *Blue people meet the provider, orange people do not. Why does the trust of the orange ones
# hardly move, while their knowledge does?*

# %%
model = region(seed=3)
people = model.datacollector.get_agenttype_vars_dataframe(RegionalStaff)
for label, chosen in (("attend", True), ("do not ", False)):
    ids = [person.unique_id for person in model.staff if person.in_core_team is chosen]
    change = (people.loc[52].loc[ids] - people.loc[0].loc[ids])[["trust", "knowledge"]].mean()
    print(f"{label}: trust {change['trust']:+.2f}, knowledge {change['knowledge']:+.2f}")

# %% [markdown]
# **Expected answer.** In the model colleagues pass on what they *gained in knowledge*; nobody
# trusts a provider on hearsay. Is that so where you work? Notebook 06 changes exactly this
# rule.
#
# ## Question 3. The provider leaves
#
# *In week 26 the provider leaves and a successor takes over. What is lost at once? What is
# not?*

# %%
draw(region(provider_leaves=True), "The provider leaves in week 26")

# %%
for leaves in (False, True):
    end = over_classes(provider_leaves=leaves)
    print(
        f"provider leaves: {leaves!s:5}  trust {end['trust']:.2f},"
        f" knowledge {end['knowledge']:.2f}, routines {end['routines']:.2f}"
    )

# %% [markdown]
# **Expected answer.** Trust steps down in week 26, because half of what had been built was with
# that person (an assumption); open promises of the provider lapse; knowledge and routines stay.
# Trust is rebuilt in the months that are left, not always fully.
#
# ## Question 4. The same hours, cut differently
#
# *A visit of 8 hours every 26 weeks, or 4 hours every 13, or about 1 hour every 4. Which is
# best for trust? What would it cost in travel?*

# %%
for every, hours in ((26, 8.0), (13, 4.0), (4, 1.25)):
    end = over_classes(visit_every=every, hours=hours)
    print(
        f"{hours:4g} h every {every:2d} weeks: trust {end['trust']:.2f}, promises made"
        f" {end['commitments_made']:.0f}, travel {end['travel_hours']:.0f} h"
    )

# %% [markdown]
# **Expected answer.** Often beats long, because one week's hours saturate and because every
# contact is an occasion to keep a promise. Short visits cost more travel: six hours each,
# whatever their length.
#
# ## To end
#
# Ask the class to name **one rule they do not believe**. Every rule has its equation, its
# source or the word "assumption" in the [description of the model](../docs/ODD.md).

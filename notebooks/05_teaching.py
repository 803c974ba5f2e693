# %% [markdown]
# # 05 Teaching: co-creation, trust, promises
#
# **This notebook is for a class without programming.** It follows one region with eight people and
# one provider through a year of assistance and half a year after it. It asks four questions: *guess
# first, and then unfold the answer*.
#
# - **Takes** 40 minutes with a class and ten minutes alone; all cells together run for about half a
#   minute.
# - **You should know** nothing beforehand. The code is folded, and nobody has to read it.
# - **To run the notebook**, open it in Jupyter and choose *Run → Run All Cells*. A printed copy
#   works as well, because the lines differ in dashes and marks and not only in colour.
#
# The notebook uses three words in a fixed sense:
#
# - **Co-creation** is how much is decided together. At 0 the provider decides; at 1 provider and
#   staff decide everything together.
# - A **commitment** (promise) is something that a person or the provider promises to do before the
#   next contact. The next contact shows whether the promise was kept or broken.
# - **Trust** is the trust of each person in the provider, from 0 to 1. The scale belongs to the
#   model and is not a survey score.
#
# Every answer is *what would follow if the model's assumptions held*. No answer is a forecast.

# %% tags=["hide-input"] jupyter={"source_hidden": true}
# %matplotlib inline
import base64
import io

from PIL import Image

from sim import CoCreationModel, RegionalStaff, Scenario, run
from sim.present import style

WEEKS = 78
CLASSES = 200  # runs: other people, other chance


def plan(co_creation=0.6, visit_every=13, hours=4.0, core_team=0.5, provider_leaves=False):
    """The scenario that the sliders describe."""
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


def in_classes(**choices):
    """Outcomes of many runs at the end of assistance: one row a run, one column an outcome."""
    table = run(plan(**choices), replicates=CLASSES, seed=1, fixed=True).runs()
    table = table[(table["region"] == "overall") & (table["point"] == "end_of_ta")]
    return table.pivot(index="replicate", columns="outcome", values="value")


def in_week(week, **choices):
    """The levels of many runs in a week: one row a run, one column an outcome."""
    runs = run(plan(**choices), replicates=CLASSES, seed=1, fixed=True, keep_runs=True)
    table = runs.trajectories()
    chosen = (table["arm"] == "with_ta") & (table["region"] == "overall") & (table["week"] == week)
    return table[chosen].set_index("replicate")


def told(values, digits=2):
    """A mean, and the ends between which nine runs in ten lie."""
    low, high = values.quantile([0.05, 0.95])
    return f"{values.mean():.{digits}f} (9 in 10 runs: {low:.{digits}f} to {high:.{digits}f})"


def draw(model, title):
    """Trust of each person, and promises as they add up; readable without colour."""
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
    named = set()
    for number, (person, line) in enumerate(trust.items()):
        meets = core[person]
        look = {"linestyle": "-", "marker": "o", "color": style.BLUE} if meets else {
            "linestyle": (0, (4, 2)), "color": style.ORANGE
        }  # fmt: skip
        name = "meets the provider" if meets else "does not"
        left.plot(
            line.index, line.to_numpy(), linewidth=1.3, markersize=3.5,
            markevery=(number, 13), label="_" if name in named else name, **look,
        )  # fmt: skip
        named.add(name)
    left.set_ylim(0, 1)
    style.name_y(left, "trust")
    left.legend(frameon=False, fontsize=style.SMALL_SIZE, loc="upper left")
    kept, broken = (columns[f"commitments_{what}"].cumsum() for what in ("kept", "broken"))
    right.plot(kept.index, kept.to_numpy(), color=style.GREEN, linewidth=1.8, label="kept",
               marker="o", markersize=3.5, markevery=13)  # fmt: skip
    right.plot(broken.index, broken.to_numpy(), color=style.VERMILLION, linewidth=1.8,
               linestyle=(0, (4, 2)), label="broken", marker="x", markersize=5,
               markevery=13)  # fmt: skip
    right.set_ylim(0, max(10, 1.15 * float(max(kept.iloc[-1], broken.iloc[-1]))))
    style.name_y(right, "promises so far")
    right.legend(frameon=False, fontsize=style.SMALL_SIZE, loc="upper left")
    return figure


class Answer:
    """Text and figures, folded until somebody asks."""

    def __init__(self, text, *figures):
        self.text, self.figures = text.strip(), figures

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        parts = [f"<p>{part}</p>" for part in self.text.split("\n\n")]
        for figure in self.figures:
            file = io.BytesIO()
            figure.savefig(file, format="png", dpi=84)
            few = io.BytesIO()
            Image.open(file).convert("RGB").quantize(24).save(few, "png", optimize=True)
            picture = base64.b64encode(few.getvalue()).decode()
            title = figure.get_suptitle() or "figure of the answer"
            parts.append(f'<img alt="{title}" src="data:image/png;base64,{picture}">')
        body = "".join(parts).replace("\n", "<br>")
        return f"<details><summary><b>Unfold the answer</b></summary>{body}</details>"


# %% [markdown]
# ## Before the questions: read one picture
#
# The picture shows one region in which a good half is decided together. On the left, each line is a
# person. Four people meet the provider (solid lines with dots), and four only hear from colleagues
# (dashed lines). On the right, the lines add up the promises that were kept and those that were
# broken.
#
# *Which line would you like to be? When does trust rise, and when does it fall?*

# %% tags=["hide-input"] jupyter={"source_hidden": true}
draw(region(), "A good half is decided together")

# %% [markdown]
# ## The sliders
#
# The sliders need a running kernel. If you only read this page, go on to the questions.

# %% tags=["hide-input"] jupyter={"source_hidden": true}
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
    seed=widgets.IntSlider(1, min=1, max=20, description="chance (another class)", style=wide),
)
# %% [markdown]
# ## Question 1. Nothing is decided together
#
# With co-creation 0.6, about 38 promises are made in the year, and trust ends at about 0.45. *What
# do you expect when co-creation is 0? And when it is 1?*
#
# | my guess | promises made | trust in week 52 |
# |---|---|---|
# | co-creation 0 | .......... | .......... |
# | co-creation 1 | .......... | .......... |

# %% tags=["hide-input"] jupyter={"source_hidden": true}
lines = []
for co_creation in (0.0, 0.6, 1.0):
    ends = in_classes(co_creation=co_creation)
    lines.append(
        f"co-creation {co_creation:g}: {told(ends['commitments_made'], 0)} promises,"
        f" trust {told(ends['trust'])}"
    )
Answer(
    "\n".join(lines)
    + """

Without co-creation people make fewer promises, and only the staff make them: in the model a
provider who decides alone assigns some tasks to the staff. Trust grows less.

But who says this? The model does. One equation turns shared power into trust, another sets how many
tasks are assigned, and both weights are assumptions. The result was built in. An honest sentence
begins with "if shared power builds trust as much as we assumed, then ...".""",
    draw(region(co_creation=0.0), "Nothing is decided together"),
    draw(region(co_creation=1.0), "Everything is decided together"),
)

# %% [markdown]
# ## Question 2. Who did not come to the meetings?
#
# Four people meet the provider and four do not. *In a year, by how much do the trust and the
# knowledge of each group grow?* Write one number between -0.5 and +0.5 in each cell.
#
# | my guess | trust | knowledge |
# |---|---|---|
# | those who meet the provider | .......... | .......... |
# | those who do not | .......... | .......... |

# %% tags=["hide-input"] jupyter={"source_hidden": true}
import pandas as pd

gains = {True: [], False: []}
for seed in range(1, 41):
    model = region(seed=seed)
    people = model.datacollector.get_agenttype_vars_dataframe(RegionalStaff)
    change = people.loc[52] - people.loc[0]
    for meets, found in gains.items():
        ids = [person.unique_id for person in model.staff if person.in_core_team is meets]
        found.append(change.loc[ids, ["trust", "knowledge"]].mean())
lines = []
for meets, label in ((True, "those who meet the provider"), (False, "those who do not")):
    table = pd.DataFrame(gains[meets])
    lines.append(f"{label}: trust {told(table['trust'])}, knowledge {told(table['knowledge'])}")
Answer(
    "\n".join(lines)
    + """

These numbers are means over forty regions. Single regions differ a lot, as the ranges show.

In the model colleagues pass on a part of the knowledge that they gained, and nobody trusts a
provider on hearsay. So the knowledge of the people who do not come grows a little, and their trust
stays where it was. Is this true where you work? Notebook 06 changes exactly this rule."""
)

# %% [markdown]
# ## Question 3. The provider leaves
#
# In week 26 the provider leaves and a successor takes over. *Which of trust, knowledge and routines
# is lower a week later than with the old provider? Which is still lower in week 52?* Write "lower"
# or "the same".
#
# | my guess | trust | knowledge | routines |
# |---|---|---|---|
# | a week later | .......... | .......... | .......... |
# | in week 52 | .......... | .......... | .......... |

# %% tags=["hide-input"] jupyter={"source_hidden": true}
lines = []
for label, week in (("a week later", 27), ("in week 52", 52)):
    with_change, without = in_week(week, provider_leaves=True), in_week(week)
    names = ["trust", "knowledge", "routines"]
    gap = with_change[names] - without[names]
    parts = ", ".join(f"{name} {gap[name].mean():+.3f}" for name in names)
    fall = (gap["trust"] < 0).mean()
    lines.append(f"{label}: {parts}; trust is lower in {fall:.0%} of {CLASSES} pairs of runs")
Answer(
    "\n".join(lines)
    + """

Each pair of runs has the same people and the same chance, once with a provider who leaves and
once without.

Trust is lower at once: half of the trust that had grown belonged to that person (an assumption),
and the provider's open promises lapse. Knowledge and routines belong to the staff and the region.
They do not fall, but they grow a little less afterwards. In the months that are left, trust
recovers in part.""",
    draw(region(provider_leaves=True), "The provider leaves in week 26"),
)

# %% [markdown]
# ## Question 4. The same hours, divided differently
#
# A provider can visit for 8 hours every 26 weeks, for 4 hours every 13 weeks, or for 1.25 hours
# every 4 weeks. *Which plan is best for trust, and by how much? How many hours does the provider
# travel in the year?*
#
# | my guess | trust in week 52 | hours of travel |
# |---|---|---|
# | 8 hours every 26 weeks | .......... | .......... |
# | 4 hours every 13 weeks | .......... | .......... |
# | 1.25 hours every 4 weeks | .......... | .......... |

# %% tags=["hide-input"] jupyter={"source_hidden": true}
lines, rare = [], None
for every, hours in ((26, 8.0), (13, 4.0), (4, 1.25)):
    ends = in_classes(visit_every=every, hours=hours)
    line = f"{hours:g} h every {every} weeks: trust {ends['trust'].mean():.3f}"
    if rare is None:
        rare = ends["trust"]
    else:
        more = ends["trust"] - rare
        error = 1.645 * more.std(ddof=1) / len(more) ** 0.5
        line += f", {more.mean():+.3f} ± {error:.3f} against the first"
    lines.append(f"{line}; travel {ends['travel_hours'].mean():.0f} h")
Answer(
    "\n".join(lines)
    + """

(± is half of the 90 % confidence interval of a mean over 200 pairs of runs.)

Many short visits are hardly better for trust than a few long visits, and they are expensive: each
visit takes six hours of travel, whatever its length. The small gain has two reasons: further hours
in one week add less and less, and more visits are more occasions to keep a promise. A reader who
looks only at trust chooses the plan with the largest travel bill."""
)

# %% [markdown]
# ## To end
#
# Ask the class to name **one rule that they do not believe**. The
# [description of the model](../docs/ODD.md) has the equation of every rule, and its source or the
# word "assumption". The stories on [the page](../docs/how-to/class.md) ask more questions of this
# kind, and grade the guesses.

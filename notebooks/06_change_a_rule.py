# %% [markdown]
# # 06 Change a rule
#
# In the model nobody trusts a provider on hearsay: trust changes only for people who were in the
# room. Suppose that you do not believe this rule. This notebook writes another rule, keeps
# everything else, and shows what the new rule changes, with the same people and the same chance.
#
# The people of the readable engine are ordinary [Mesa](https://mesa.readthedocs.io) agents. A rule
# is a method, and a new rule is a subclass.
#
# - **Takes** twenty minutes to read; all cells together run in less than a minute.
# - **You should know** Python classes and pandas. No knowledge of Mesa is needed.

# %%
# %matplotlib inline
from sim import CoCreationModel, RegionalStaff, Scenario, run
from sim.present import style
from sim.studies.run import courses

# %% [markdown]
# ## The new rule
#
# In step 7 of a week each person looks at one colleague at most (`meet_peer`), and then everybody
# changes (`apply`). Under the new rule, a person who talks also hears how far the colleague's trust
# has moved from its start, and takes over a `SHARE` of the gap. Everybody looks before anybody
# changes, so the order of people has no effect. A rule of your own should keep these two steps
# apart.


# %%
class Hearsay(RegionalStaff):
    """Staff who also take over some trust from the colleague they talk with."""

    SHARE = 0.2  # of the gap in what was gained or lost; an assumption, like any other

    def arrive(self) -> None:
        self.heard_of_trust = 0.0

    def meet_peer(self, meets: float, which: float) -> None:
        super().meet_peer(meets, which)
        self.heard_of_trust = 0.0
        if meets >= self.model.p.peer_meeting:
            return
        post = self.region.neighbours.pick(self.post, which)
        if post >= 0:
            peer = self.region.by_post[post]
            gap = (peer.trust - peer.first_trust) - (self.trust - self.first_trust)
            self.heard_of_trust = self.SHARE * gap

    def apply(self) -> None:
        super().apply()
        self.trust = min(1.0, max(0.0, self.trust + self.heard_of_trust))


# %% [markdown]
# `arrive` sets what a person starts with besides the states of the model. The engine calls it for
# everybody in week 0 and for every newcomer, who has heard nothing yet.
#
# A new rule should draw **no random number of its own** where it can use one that the model draws
# anyway; this rule uses the meeting. Both models then have the same chance, and every difference
# comes from the rule.
#
# ## One story, twice

# %%
scenario = Scenario.shipped("classroom")
stories = {
    "as shipped": CoCreationModel(scenario, seed=1, collect_people=True),
    "with hearsay": CoCreationModel(scenario, seed=1, collect_people=True, staff_class=Hearsay),
}
figure = style.figure(
    9.0, 3.6, "Trust of eight people, one run", "'classroom', seed 1; both with the same chance"
)
for axes, (name, model) in zip(figure.subplots(1, 2, sharey=True), stories.items(), strict=True):
    model.run()
    people = model.datacollector.get_agenttype_vars_dataframe(RegionalStaff)
    named = set()
    for person in model.staff:
        line = people["trust"].xs(person.unique_id, level="AgentID")
        meets = person.in_core_team
        look = {"color": style.BLUE} if meets else {"color": style.ORANGE, "linestyle": "--"}
        label = "meets the provider" if meets else "does not"
        axes.plot(line.index, line.to_numpy(), linewidth=1.3,
                  label="_" if label in named else label, **look)  # fmt: skip
        named.add(label)
    axes.legend(
        frameon=False, fontsize=style.SMALL_SIZE, loc="lower right", bbox_to_anchor=(1, 0.12)
    )
    style.dress(axes)
    style.week_ticks(axes, scenario.horizon_weeks)
    style.name_y(axes, f"{name}: trust (0-1)")
    style.name_x(axes)
figure

# %% [markdown]
# Solid lines are people who meet the provider, and dashed lines are people who do not. With hearsay
# the dashed lines move with the solid ones.
#
# ## Forty runs of each
#
# A model with these people is an engine that `run`, `compare` and `surface` accept. This engine
# runs in Python, because the rules of the compiled engine are fixed. An outcome of your own is a
# function of the model, and the engine calls it every week. The outcome here is how far apart the
# trust of the staff is.


# %%
class HearsayModel(CoCreationModel):
    """The readable engine with other staff."""

    staff_class = Hearsay


def spread_of_trust(model):
    """The highest trust of anybody less the lowest."""
    trust = [person.trust for person in model.staff]
    return max(trust) - min(trust)


own = {"spread_of_trust": spread_of_trust}
shipped = run(scenario, replicates=40, seed=1, fixed=True, outcomes=own)
changed = run(scenario, replicates=40, seed=1, fixed=True, outcomes=own, engine=HearsayModel)


def effects(runs):
    """Effect against no TA at the end of TA, one row a run."""
    table = runs.runs()
    table = table[(table["region"] == "overall") & (table["point"] == "end_of_ta")]
    return table.pivot(index="replicate", columns="outcome", values="effect")


names = ["trust", "knowledge", "integration", "capacity", "spread_of_trust"]
difference = effects(changed)[names] - effects(shipped)[names]
table = effects(shipped)[names].mean().to_frame("as shipped")
table["with hearsay"] = effects(changed)[names].mean()
table["difference"] = difference.mean()
table["standard error"] = difference.std(ddof=1) / len(difference) ** 0.5
table.round(4)

# %% [markdown]
# Runs are paired by replicate, so the standard error belongs to a *difference* and is far smaller
# than the spread of the runs. Knowledge falls a little, because hearsay works both ways: people who
# attend also hear from people who do not, whose trust has risen less, and in the model people learn
# more from somebody whom they trust. The spread of trust changes too. TA moves the people of a
# region apart, because only some of them are in the room; with hearsay TA does not. A rule of one
# line has consequences that nobody wrote down, and simulations are made to show
# them.

# %%
courses.trajectories(changed.courses, ["trust", "integration"])

# %% [markdown]
# ## Is the change right?
#
# Every new rule should pass three checks:
#
# 1. **A rule that is switched off gives the old model**, bit for bit.
# 2. **Without TA the rule changes nothing on average.** Here, without gains there is no gap to take
#    over.
# 3. **The rule does what it says.** Here, people who do not attend gain trust.

# %%
import numpy as np


class Silent(Hearsay):
    SHARE = 0.0


old = CoCreationModel(scenario, seed=2, collect=False).run()
off = CoCreationModel(scenario, seed=2, collect=False, staff_class=Silent).run()
print("switched off, the same numbers:", np.array_equal(old, off))

without = [
    CoCreationModel(scenario.without_ta(), seed=2, replicate=r, collect=False, staff_class=Hearsay)
    for r in range(20)
]
moved = [float(model.run()[-1, 0, 0] - model.record[0, 0, 0]) for model in without]
error = np.std(moved, ddof=1) / len(moved) ** 0.5
print(f"without TA, change of trust: {np.mean(moved):+.3f} (standard error {error:.3f})")

for name, kind in (("as shipped", RegionalStaff), ("with hearsay", Hearsay)):
    gains = []
    for replicate in range(20):
        model = CoCreationModel(
            scenario, seed=2, replicate=replicate, collect=False, staff_class=kind
        )
        while model.week < scenario.end_of_ta:
            model.step()
        away = [person for person in model.staff if not person.in_core_team]
        gains.append(np.mean([person.trust - person.first_trust for person in away]))
    print(f"{name}: trust gained by those who do not attend {np.mean(gains):+.3f}")

# %% [markdown]
# A rule that is to stay goes into `sim/core/rules.py` as a plain function, and into both the
# readable and the compiled engine; a test checks that both give the same bits. CONTRIBUTING.md
# lists the steps.

# %% [markdown]
# # 06 Change a rule
#
# In the model nobody trusts a provider on hearsay: trust moves only for those who were in the
# room. Suppose you do not believe that. Here is how to put in a rule of your own, keep
# everything else, and see what it changes, with the same people and the same luck.
#
# The people of the readable engine are ordinary [Mesa](https://mesa.readthedocs.io) agents. A
# rule is a method; a new rule is a subclass.

# %%
# %matplotlib inline
from sim import CoCreationModel, RegionalStaff, Scenario, run
from sim.present import style
from sim.studies.run import courses

# %% [markdown]
# ## The new rule
#
# In step 7 of a week people look at one colleague at most (`meet_peer`), then everybody changes
# (`apply`). A person who talks now also hears how far the colleague's trust moved from where it
# began, and moves a `SHARE` of the gap. Looking comes before changing, so that the order of
# people is without effect: keep it so.


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
# `arrive` says what a person starts with beside the states of the model: it is called for everybody
# in week 0, and for every newcomer, who has heard nothing yet.
#
# A new rule draws **no random number of its own** where it can reuse what is there: it uses the
# meeting that the model draws anyway. So both worlds have the same luck, and differences are
# the rule's.
#
# ## One story, twice

# %%
scenario = Scenario.shipped("classroom")
stories = {
    "as shipped": CoCreationModel(scenario, seed=1, collect_people=True),
    "with hearsay": CoCreationModel(scenario, seed=1, collect_people=True, staff_class=Hearsay),
}
figure = style.figure(
    9.0, 3.6, "Trust of eight people, one run", "'classroom', seed 1; both with the same luck"
)
for axes, (name, model) in zip(figure.subplots(1, 2, sharey=True), stories.items(), strict=True):
    model.run()
    people = model.datacollector.get_agenttype_vars_dataframe(RegionalStaff)
    for person in model.staff:
        line = people["trust"].xs(person.unique_id, level="AgentID")
        colour = style.BLUE if person.in_core_team else style.ORANGE
        axes.plot(line.index, line.to_numpy(), color=colour, linewidth=1.3)
    style.dress(axes)
    style.week_ticks(axes, scenario.horizon_weeks)
    style.name_y(axes, f"{name}: trust (0-1)")
    style.name_x(axes)
figure

# %% [markdown]
# Blue people meet the provider, orange ones do not. With hearsay the orange lines move with the
# blue.
#
# ## Forty runs of each
#
# A model with these people is an engine, here and for `compare` and `surface`. It runs in Python;
# the compiled engine has its rules built in. An outcome of your own is a function of the model,
# asked every week: here how far apart the trust of the staff is.


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
# Runs are paired by replicate, so the standard error is that of a *difference*: far smaller
# than the spread of either. Look at knowledge: it falls a little. Hearsay works both ways.
# Those who attend also hear from those who do not, whose trust has risen less; and in the model
# people learn better from somebody they trust. And look at the spread of trust: TA drives the
# people of a region apart, as only some are in the room; with hearsay it does not. A rule of one
# line has consequences that nobody wrote down: that is what simulations are for.

# %%
courses.trajectories(changed.courses, ["trust", "integration"])

# %% [markdown]
# ## Is the change right?
#
# Three checks that any new rule should pass:
#
# 1. **Switched off, it is the old model**, bit for bit.
# 2. **Without TA it moves nothing on average**: here, without gains there is no gap to pass on.
# 3. **It does what was said**: the people who do not attend gain trust.

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
# A rule that is to stay goes into `sim/core/rules.py` as a plain function, into the readable engine
# and into the compiled one; a test holds both to the same bits. CONTRIBUTING.md has the list.

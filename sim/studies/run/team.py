"""The team of a region in single weeks of one run of the compiled engine: :func:`take_snapshots`
makes the run, and :func:`team_tables` keeps the first region for a result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.core.parameters import Parameters
from sim.present.table import Column, PlainRows, Table
from sim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd  # imported where it is used: a first run need not wait for it

LARGEST = 60
"""Most staff of a region whose network is drawn; a picture of more people cannot be read."""
MOST_WORK = 250_000
"""Most staff-weeks of a scenario for which one more run is quick."""
TEAM, TIES = "team", "team_ties"


def take_snapshots(
    scenario: Scenario,
    *,
    seed: int | None = None,
    parameters: Parameters | None = None,
    replicate: int = 0,
    region: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A region's team at the start, the end of TA and the horizon of a run of the compiled engine.

    Args:
        scenario: the scenario to run.
        seed: the seed of the run; None: the scenario's own.
        parameters: the parameters of the run; None: the scenario's own.
        replicate: the number of the run.
        region: the index of the region in the scenario.

    Returns:
        The posts and the ties. The posts have a row for each moment and post: moment ("start", "end
        of TA", "horizon"), week, region, post (0..n-1), integration of its holder (0-1), and
        in_core_team. The ties are pairs of posts, each once: post, other.
    """
    posts, ties = _snapshots(scenario, seed, parameters, replicate, region)
    return posts.frame(), ties.frame()


def _snapshots(
    scenario: Scenario,
    seed: int | None,
    parameters: Parameters | None,
    replicate: int = 0,
    region: int = 0,
) -> tuple[PlainRows, PlainRows]:
    from sim.core.streams import Streams
    from sim.engine import compiled
    from sim.engine.kernel import FIELDS
    from sim.model import network, population  # only a picture needs them

    seed = scenario.seed if seed is None else seed
    parameters = scenario.parameter_set() if parameters is None else parameters
    size = scenario.staff_counts[region]
    candidate = population.choose_candidates(scenario, parameters, Streams(seed, replicate))[region]
    team = network.neighbours(scenario.networks[region], size, seed, candidate, replicate)
    ties = [(a, b) for a in range(size) for b in team.of(a) if a < b]
    core = population.share_of(scenario.regions.core_team, size)
    _, states, _ = compiled.simulate_states(scenario, parameters, seed, replicate)
    people = states[region]["people"]
    moments = {0: "start", scenario.horizon_weeks: "horizon", scenario.end_of_ta: "end of TA"}
    weeks = sorted(moments)
    posts = PlainRows(
        {
            "moment": [moments[week] for week in weeks for _ in range(size)],
            "week": np.repeat(weeks, size),
            "region": [scenario.region_names[region]] * size * len(weeks),
            "post": np.tile(np.arange(size), len(weeks)),
            "integration": people[weeks, FIELDS.index("integration")].reshape(-1),
            "in_core_team": people[weeks, FIELDS.index("seat")].reshape(-1) < core,
        }
    )
    pairs = np.array(ties, dtype=np.int64).reshape(-1, 2)
    return posts, PlainRows({"post": pairs[:, 0], "other": pairs[:, 1]})


def is_drawable(scenario: Scenario) -> bool:
    """Whether the first region is small enough for a picture and one more run is quick."""
    sizes = scenario.staff_counts
    work = sum(sizes) * scenario.horizon_weeks
    return bool(sizes) and sizes[0] <= LARGEST and work <= MOST_WORK


def team_tables(scenario: Scenario, seed: int, parameters: Parameters) -> tuple[Table, Table]:
    """The first region in the first run: a row for each moment and post, and a row for each tie."""
    posts, ties = _snapshots(scenario, seed, parameters)
    note = "Of the first region, in the first run. A post is held by newcomers when people leave."
    return (
        Table(TEAM, posts, [Column("week", format="week")], title="One team", note=note),
        Table(TIES, ties, title="Who talks with whom in this team"),
    )

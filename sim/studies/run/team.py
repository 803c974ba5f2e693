"""TeamSnapshot: the team of a region in one week of one run of the compiled engine.

:func:`take_snapshots` makes the run, :func:`team_tables` turns snapshots into tables, and
:func:`snapshots_of` reads snapshots from tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.core.parameters import Parameters
from sim.present.table import Column, Table
from sim.scenario.scenario import Scenario

LARGEST = 60
"""Most staff of a region whose network is drawn; a picture of more people cannot be read."""
MOST_WORK = 250_000
"""Most staff-weeks of a scenario for which one more run is quick."""
TEAM, TIES = "team", "team_ties"


@dataclass(frozen=True)
class TeamSnapshot:
    """The team of one region in one week.

    Attributes:
        week: the week of the snapshot.
        moment: the name of that week ("start", "end of TA", "horizon").
        region: the name of the region.
        ties: pairs of posts (0..n-1), each once.
        integration: integration of the holder of each post, 0-1, shape (n,).
        in_core_team: whether each post is in the core team, shape (n,).
    """

    week: int
    moment: str
    region: str
    ties: tuple[tuple[int, int], ...]
    integration: tuple[float, ...]
    in_core_team: tuple[bool, ...]


def take_snapshots(
    scenario: Scenario,
    *,
    seed: int | None = None,
    parameters: Parameters | None = None,
    replicate: int = 0,
    region: int = 0,
) -> list[TeamSnapshot]:
    """Snapshots of one run of the compiled engine at the start, the end of TA and the horizon.

    Args:
        scenario: the scenario to run.
        seed: the seed of the run; None: the scenario's own.
        parameters: the parameters of the run; None: the scenario's own.
        replicate: the number of the run.
        region: the index of the region in the scenario.
    """
    from sim.core.streams import Streams
    from sim.engine import compiled
    from sim.engine.kernel import FIELDS
    from sim.model import network, population  # only a picture needs them

    seed = scenario.seed if seed is None else seed
    parameters = scenario.parameter_set() if parameters is None else parameters
    size = scenario.staff_counts[region]
    candidate = population.choose_candidates(scenario, parameters, Streams(seed, replicate))[region]
    team = network.neighbours(scenario.networks[region], size, seed, candidate, replicate)
    ties = tuple((a, b) for a in range(size) for b in team.of(a) if a < b)
    core = population.share_of(scenario.regions.core_team, size)
    _, states, _ = compiled.simulate_states(scenario, parameters, seed, replicate)
    people = states[region]["people"]
    moments = {0: "start", scenario.horizon_weeks: "horizon", scenario.end_of_ta: "end of TA"}
    return [
        TeamSnapshot(
            week=week,
            moment=moments[week],
            region=scenario.region_names[region],
            ties=ties,
            integration=tuple(people[week, FIELDS.index("integration")].tolist()),
            in_core_team=tuple((people[week, FIELDS.index("seat")] < core).tolist()),
        )
        for week in sorted(moments)
    ]


def is_drawable(scenario: Scenario) -> bool:
    """Whether the first region is small enough for a picture and one more run is quick."""
    sizes = scenario.staff_counts
    work = sum(sizes) * scenario.horizon_weeks
    return bool(sizes) and sizes[0] <= LARGEST and work <= MOST_WORK


def team_tables(scenario: Scenario, seed: int, parameters: Parameters) -> tuple[Table, Table]:
    """The first region in the first run: a row for each moment and post, and a row for each tie."""
    import pandas as pd

    snapshots = take_snapshots(scenario, seed=seed, parameters=parameters)
    posts = pd.DataFrame(
        {"moment": one.moment, "week": one.week, "region": one.region, "post": post}
        | {"integration": level, "in_core_team": core}
        for one in snapshots
        for post, (level, core) in enumerate(zip(one.integration, one.in_core_team, strict=True))
    )
    ties = pd.DataFrame(list(snapshots[0].ties), columns=["post", "other"], dtype="int64")
    note = "Of the first region, in the first run. A post is held by newcomers when people leave."
    return (
        Table(TEAM, posts, [Column("week", format="week")], title="One team", note=note),
        Table(TIES, ties, title="Who talks with whom in this team"),
    )


def snapshots_of(tables: Mapping[str, Table]) -> Sequence[TeamSnapshot]:
    """The snapshots from the tables of :func:`team_tables`; empty where a result has none."""
    if TEAM not in tables:
        return []
    ties = tuple((int(a), int(b)) for a, b in tables[TIES].frame.to_numpy())
    return [
        TeamSnapshot(
            week=int(week),  # type: ignore[arg-type]
            moment=str(moment),
            region=str(region),
            ties=ties,
            integration=tuple(rows["integration"].tolist()),
            in_core_team=tuple(rows["in_core_team"].tolist()),
        )
        for (week, moment, region), rows in tables[TEAM].frame.groupby(
            ["week", "moment", "region"], sort=False
        )
    ]

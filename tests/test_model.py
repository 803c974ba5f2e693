"""The readable engine as a Mesa model: what its users may rely on."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import mesa
import networkx as nx
import numpy as np
import pytest
from checks import BUSY, make_model, make_scenario

import sim
from sim.core import outcomes
from sim.core.errors import InputError, ParameterError
from sim.core.outcomes import NAMES, RECORD
from sim.core.parameters import TABLE, Parameters
from sim.model.agents import RegionalStaff, TAProvider
from sim.model.week import CoCreationModel, simulate
from sim.scenario.scenario import Scenario

SIM = Path(sim.__file__).parent
VIDEO = {"mode": "video", "every_weeks": 2, "hours": 2.0}


def test_it_is_a_mesa_model() -> None:
    model = make_model(staff=5, regions=2, providers=2)
    assert isinstance(model, mesa.Model)
    assert all(isinstance(agent, mesa.Agent) for agent in (*model.staff, *model.providers))
    assert len(model.agents) == 2 * 5 + 2
    assert set(model.agents) == {*model.staff, *model.providers}
    assert set(model.agent_types) == {RegionalStaff, TAProvider}


def test_mesa_works_on_its_agents() -> None:
    model = make_model(**BUSY)
    for _ in range(5):
        model.step()
    staff = model.agents.select(lambda agent: isinstance(agent, RegionalStaff))
    assert len(staff) == 27
    assert staff.agg("trust", np.mean) == pytest.approx(np.mean([x.trust for x in model.staff]))
    by_type = model.agents_by_type[RegionalStaff]
    assert len(by_type) == 27
    seen: list[int] = []
    by_type.do(lambda person: seen.append(person.post))
    assert sorted(seen) == sorted(x.post for x in model.staff)
    assert sum(staff.get("in_core_team")) == 3 * 5  # floor(.6 x 9 + .5)


def test_mesa_counts_the_steps() -> None:
    model = make_model(weeks=3)
    counted = "steps" if hasattr(model, "steps") else "time"  # from Mesa 4 on
    assert (model.week, getattr(model, counted)) == (0, 0)
    model.step()
    assert (model.week, getattr(model, counted)) == (1, 1)


def test_its_docstring_tells_the_week() -> None:
    text = inspect.getdoc(CoCreationModel) or ""
    steps = re.findall(r"^\s*(\d)\. \*([^*]+)\*", text, re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, 9))
    assert [name for _, name in steps] == [
        "calendar and load",
        "holding",
        "attendance",
        "review and new commitments",
        "trust",
        "learning",
        "every week, everybody",
        "turnover",
    ]


def test_the_week_is_in_that_order() -> None:
    """The step calls its parts in the order of the docstring."""
    model = make_model(dosage=[VIDEO], parameters={"attendance_base": 50.0}, weeks=1)
    called: list[str] = []
    parts = (
        "_calendar_and_load",
        "_hold",
        "_attend",
        "_review_and_commit",
        "_trust_and_learning",
        "_everybody",
        "_turnover",
        "_write_record",
    )
    for name in parts:
        method = getattr(model, name)

        def spy(*args: object, name: str = name, method: object = method) -> object:
            called.append(name)
            return method(*args)  # type: ignore[operator]

        setattr(model, name, spy)
    model.step()
    assert tuple(called) == parts


def test_steps_end_at_the_horizon() -> None:
    model = make_model(weeks=2)
    model.run()
    with pytest.raises(InputError, match="the run is over: its horizon is week 2"):
        model.step()
    assert model.week == 2
    assert model.run() is model.record  # already there


def test_record_fills_up_week_by_week() -> None:
    model = make_model(weeks=4, dosage=[VIDEO], regions=2)
    assert model.record.shape == (5, 2, len(RECORD))
    assert model.record.dtype == np.float64
    for week in range(5):
        assert np.isfinite(model.record[: week + 1]).all()
        assert np.isnan(model.record[week + 1 :]).all()
        if week < 4:
            model.step()


def test_running_on_is_running() -> None:
    scenario = make_scenario(**BUSY)
    model = CoCreationModel(scenario)
    for _ in range(7):
        model.step()
    assert model.run().tobytes() == simulate(scenario, scenario.parameter_set(), 1, 0).tobytes()


# --- the data collector ---------------------------------------------------------------------------


def test_collected_outcomes_are_the_outcomes() -> None:
    scenario = make_scenario(**BUSY)
    model = CoCreationModel(scenario)
    model.run()
    assert model.datacollector is not None
    frame = model.datacollector.get_model_vars_dataframe()
    assert list(frame.columns) == list(NAMES)
    weekly = outcomes.weekly(model.record, scenario.costs)[:, -1]
    assert frame.shape == weekly.shape == (31, len(NAMES))
    np.testing.assert_array_equal(frame.to_numpy(dtype=float), weekly)


def test_outcome_of_a_region_this_week() -> None:
    scenario = make_scenario(**BUSY)
    model = CoCreationModel(scenario, collect=False)
    for _ in range(25):
        model.step()
    weekly = outcomes.weekly(model.record[:26], scenario.costs)[25]
    for place, region in enumerate([*scenario.region_names, "overall"]):
        for name in ("trust", "collaboration", "cost"):
            found = model.outcome(name, region)
            np.testing.assert_equal(found, weekly[place, outcomes.INDEX[name]])
    with pytest.raises(InputError, match="did you mean 'trust'"):
        model.outcome("trusst")


def test_people_can_be_collected() -> None:
    class Keen(RegionalStaff):
        pass

    for staff_class in (RegionalStaff, Keen):
        model = CoCreationModel(
            make_scenario(staff=4, weeks=3), collect_people=True, staff_class=staff_class
        )
        model.run()
        assert model.datacollector is not None
        frame = model.datacollector.get_agenttype_vars_dataframe(RegionalStaff)
        assert len(frame) == 4 * 4
        last = frame.loc[3]
        for person in model.staff:
            assert last.loc[person.unique_id, "trust"] == person.trust
            assert last.loc[person.unique_id, "knowledge"] == person.knowledge


def test_collecting_can_be_left_out() -> None:
    assert CoCreationModel(make_scenario(), collect=False).datacollector is None


# --- other behaviour ------------------------------------------------------------------------------


class Truant(RegionalStaff):
    """Never comes."""

    def attends(self, u: float) -> bool:
        return False


class Absent(TAProvider):
    """Fails every contact."""

    def fails(self, u: float) -> bool:
        return True


def test_another_staff_class_behaves_otherwise() -> None:
    model = CoCreationModel(make_scenario(dosage=[VIDEO]), staff_class=Truant, collect=False)
    record = model.run()
    assert all(type(x) is Truant for x in model.staff)
    assert record[..., RECORD.index("held")].sum() > 0
    assert record[..., RECORD.index("present")].sum() == 0


def test_another_provider_class_behaves_otherwise() -> None:
    model = CoCreationModel(make_scenario(dosage=[VIDEO]), provider_class=Absent, collect=False)
    record = model.run()
    planned = record[..., RECORD.index("planned")].sum()
    assert record[..., RECORD.index("failed_provider")].sum() == planned == 26


def test_a_subclass_that_changes_nothing_changes_nothing() -> None:
    class Same(RegionalStaff):
        pass

    scenario = make_scenario(**BUSY)
    plain = CoCreationModel(scenario, collect=False).run()
    assert CoCreationModel(scenario, collect=False, staff_class=Same).run().tobytes() == (
        plain.tobytes()
    )


# --- parameters -----------------------------------------------------------------------------------


def test_parameters_come_from_the_scenario_or_replace_it() -> None:
    scenario = Scenario.from_dict({"name": "x", "parameters": {"trust_step": 0.2}})
    assert CoCreationModel(scenario, collect=False).p.trust_step == 0.2
    some = CoCreationModel(scenario, parameters={"hour_scale": 2.0}, collect=False).p
    assert (some.trust_step, some.hour_scale) == (0.2, 2.0)
    full = CoCreationModel(scenario, parameters=Parameters(hour_scale=2.0), collect=False).p
    assert (full.trust_step, full.hour_scale) == (TABLE["trust_step"].default, 2.0)


def test_parameters_are_checked_before_the_first_week() -> None:
    scenario = Scenario.from_dict({"name": "x"})
    with pytest.raises(ParameterError, match="plausible range"):
        CoCreationModel(scenario, parameters={"hour_scale": 50.0})
    with pytest.raises(ParameterError, match="did you mean 'hour_scale'"):
        CoCreationModel(scenario, parameters={"hour_scales": 1.0})
    beyond = scenario.replace(beyond_range=True)
    assert (
        CoCreationModel(beyond, parameters={"hour_scale": 50.0}, collect=False).p.hour_scale == 50
    )


# --- regions --------------------------------------------------------------------------------------


def test_the_graph_of_a_region_is_its_network() -> None:
    names = ["ann", "ben", "cas", "dee"]
    edges = [["ann", "ben"], ["ben", "cas"]]
    network = {"kind": "file", "names": names, "edges": edges}
    region = make_model(staff=4, network=network).regions[0]
    assert sorted(region.graph().edges) == [(0, 1), (1, 2)]
    assert sorted(region.graph().nodes) == [0, 1, 2, 3]
    assert region.neighbours.of(1) == [0, 2]
    assert region.neighbours.of(3) == []
    assert region.neighbours.pick(3, 0.5) == -1
    assert [region.neighbours.pick(1, u) for u in (0.0, 0.49, 0.5, 0.99)] == [0, 0, 2, 2]


@pytest.mark.parametrize(
    ("kind", "degrees"),
    [
        ("complete", [5] * 6),
        ("ring", [2] * 6),
        ("hub", [5, 1, 1, 1, 1, 1]),
        ("none", [0] * 6),
    ],
)
def test_networks_by_their_degrees(kind: str, degrees: list[int]) -> None:
    region = make_model(staff=6, network=kind).regions[0]
    found = [len(region.neighbours.of(post)) for post in range(6)]
    assert found == degrees
    assert [d for _, d in sorted(nx.degree(region.graph()))] == degrees
    for post in range(6):
        near = region.neighbours.of(post)
        assert post not in near
        picked = {region.neighbours.pick(post, (i + 0.5) / 60) for i in range(60)}
        assert picked == (set(near) or {-1})  # every neighbour can be met, and nobody else


def test_a_complete_network_picks_evenly() -> None:
    region = make_model(staff=5, network="complete").regions[0]
    for post in range(5):
        picked = [region.neighbours.pick(post, (i + 0.5) / 400) for i in range(400)]
        assert {other: picked.count(other) for other in set(picked)} == {
            other: 100 for other in range(5) if other != post
        }


def test_networks_of_replicates_come_from_a_bank() -> None:
    """Replicate r takes graph r mod 64; graphs of candidates and seeds differ."""
    network = {"kind": "random", "neighbours": 4}

    def edges(**where: int) -> list[tuple[int, int]]:
        return sorted(make_model(staff=14, network=network, **where).regions[0].graph().edges)

    assert edges(replicate=3) == edges(replicate=67)
    assert edges(replicate=3) != edges(replicate=4)
    assert edges(replicate=3, seed=2) != edges(replicate=3)


# --- the door to Mesa -----------------------------------------------------------------------------


def test_only_one_module_knows_mesa() -> None:
    """sim/model/mesa_door.py, and of Mesa only what is the same in 3.3 and later."""
    found, used = [], set()
    for path in sorted(SIM.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "mesa" in text else ():
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] == "mesa" for name in names):
                found.append(path.relative_to(SIM).as_posix())
            if path.name == "mesa_door.py" and isinstance(node, ast.Attribute):
                used |= {node.attr} if ast.unparse(node.value) == "mesa" else set()
    assert found == ["model/mesa_door.py"]
    assert used == {"Agent", "Model", "DataCollector", "__version__"}

"""Mesa's contract: what its users try first works, on each Mesa that is allowed (``make mesa``)."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import pytest
from own_model import Counting, CountsLetDowns

from sim.core.errors import InputError
from sim.model.agents import RegionalStaff, TAProvider
from sim.model.own import declared
from sim.model.week import CoCreationModel
from sim.scenario.scenario import Scenario

pytestmark = pytest.mark.smoke
CLASSROOM = Scenario.shipped("classroom")
SHORT = CLASSROOM.replace(name="short", horizon_weeks=6, dosage=[])
RESTLESS = Scenario.shipped("source").replace(
    horizon_weeks=60,
    dosage=[{"mode": "video", "every_weeks": 2, "hours": 2, "last_week": 50}],
    parameters={"provider_cancels": -1.5, "staff_turnover": 0.02},
    beyond_range=True,
)
BATCH_RUN = find_spec("mesa.batchrunner") is not None


def batch(parameters: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """Mesa's batch_run, in silence."""
    from mesa.batchrunner import batch_run

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of iterations=, from Mesa 3.4 on
        return batch_run(CoCreationModel, parameters, display_progress=False, **more)


# --- seeds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [CLASSROOM, "classroom", Path("classroom")])
def test_a_scenario_by_object_name_or_path(given: Any) -> None:
    assert CoCreationModel(given).scenario == CLASSROOM


def test_rng_is_the_seed() -> None:
    one, other = CoCreationModel(SHORT, rng=7).run(), CoCreationModel(SHORT, seed=7).run()
    np.testing.assert_array_equal(one, other)


def test_a_generator_gives_a_seed_and_another_the_next_time() -> None:
    seeds = []
    for _ in range(2):
        rng = np.random.default_rng(1)
        seeds.append([CoCreationModel(SHORT, rng=rng).stream.seed for _ in range(2)])
    assert seeds[0] == seeds[1]
    assert seeds[0][0] != seeds[0][1]


def test_the_replicate_enters_the_generators_of_mesa() -> None:
    """They are the model's to leave alone, and a subclass's of Mesa to draw from."""
    models = [CoCreationModel(SHORT, seed=1, replicate=r) for r in (0, 1, 1)]
    drawn = [(model.random.random(), model.rng.random()) for model in models]
    assert drawn[0] != drawn[1] == drawn[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "scenario: is required; allowed: a Scenario, the path of its file, or the name of a "
             "shipped one"),
        ({"scenario": 3}, "scenario: 3 is not a scenario; allowed: a Scenario, the path of its "
                          "file, or the name of a shipped one"),
        ({"scenario": SHORT, "seed": "a"},
         "seed: 'a' is not a whole number; allowed: 0..9223372036854775807 (2**63 - 1), or a "
         "numpy.random.Generator"),
        ({"scenario": SHORT, "seed": -1},
         "seed: -1 is out of range; allowed: 0..9223372036854775807 (2**63 - 1), or a "
         "numpy.random.Generator"),
        ({"scenario": SHORT, "rng": ["a"]},
         "rng: ['a'] is not a seed; allowed: a number, or a numpy.random.Generator"),
        ({"scenario": SHORT, "rng": 1, "seed": 1},
         "rng: is given together with 'seed'; allowed: one of the two"),
        ({"scenario": SHORT, "replicate": 1.5},
         "replicate: 1.5 is not a whole number; allowed: 0..4294967295"),
        ({"scenario": SHORT, "parameters": 3},
         "parameters: 3 is not a parameter set; allowed: Parameters, or a mapping from names to "
         "values"),
        ({"scenario": SHORT, "staff_class": TAProvider},
         f"staff_class: {TAProvider!r} is not a subclass of RegionalStaff; allowed: a class that "
         "derives from RegionalStaff"),
        ({"scenario": SHORT, "trust_step": 0.2},
         "trust_step: is not an argument of the model; allowed: parameters={'trust_step': 0.2}"),
        ({"scenario": SHORT, "outcomes": {"trust": len}},
         "outcomes: 'trust' is an outcome of the model already; allowed: another name"),
        ({"scenario": SHORT, "outcomes": {"a": 3}}, "outcomes.a: 3 is not a function"),
        ({"scenario": SHORT, "outcomes": len},
         "outcomes: <built-in function len> does not declare outcomes; allowed: a mapping from "
         "names "
         "to functions of the model"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_in_a_sentence(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        CoCreationModel(**arguments)
    assert str(caught.value) == said


def test_a_misspelt_argument_is_guessed() -> None:
    with pytest.raises(InputError, match="did you mean 'replicate'"):
        CoCreationModel(SHORT, replicat=3)


# --- batch_run -----------------------------------------------------------------------------------


@pytest.mark.skipif(not BATCH_RUN, reason="this Mesa has no batch_run")
def test_iterations_of_batch_run_are_replicates() -> None:
    """Of one seed; and equal to the runs that anybody else makes of these."""
    rows = batch({"scenario": [SHORT]}, iterations=3, max_steps=5)
    trust = [row["trust"] for row in rows]
    own = []
    for replicate in range(3):
        model = CoCreationModel(SHORT, replicate=replicate)
        model.run()
        own.append(model.outcome("trust"))
    assert len(set(trust)) == 3
    assert trust == pytest.approx(own, abs=0.05)  # Mesa's versions differ in the week they end


@pytest.mark.skipif(not BATCH_RUN, reason="this Mesa has no batch_run")
def test_batch_run_ends_at_the_horizon() -> None:
    rows = batch({"scenario": SHORT}, iterations=1, max_steps=1000)
    model = CoCreationModel(SHORT)
    model.run()
    assert not model.running
    assert rows[-1]["trust"] in model.datacollector.get_model_vars_dataframe()["trust"].to_list()


@pytest.mark.skipif(not BATCH_RUN, reason="this Mesa has no batch_run")
@pytest.mark.parametrize(
    ("scenarios", "rows"), [(SHORT, 1), ([SHORT, CLASSROOM], 2), ("classroom", 1)]
)
def test_a_scenario_is_one_value_for_batch_run(scenarios: Any, rows: int) -> None:
    assert len(batch({"scenario": scenarios}, iterations=1, max_steps=2)) == rows


@pytest.mark.skipif(not BATCH_RUN, reason="this Mesa has no batch_run")
def test_seeds_that_batch_run_gives_are_the_seeds() -> None:
    from inspect import signature

    from mesa.batchrunner import batch_run

    more: dict[str, Any] = {"iterations": 1, "data_collection_period": 1}
    if "rng" in signature(batch_run).parameters:
        found = batch({"scenario": SHORT}, rng=[3, 4], max_steps=2, data_collection_period=1)
    else:
        found = batch({"scenario": SHORT, "seed": [3, 4]}, max_steps=2, **more)
    starts = [row["trust"] for row in found if row["Step"] == 0]
    assert starts == [CoCreationModel(SHORT, seed=seed).outcome("trust") for seed in (3, 4)]


# --- copies --------------------------------------------------------------------------------------

COPIES: list[Callable[[Any], Any]] = [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]


@pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle"])
def test_a_copy_goes_on_identically(copied: Callable[[Any], Any]) -> None:
    """With everything collected, a subclass and outcomes of its own."""
    model = Counting(RESTLESS, seed=3, collect_people=True)
    for _ in range(20):
        model.step()
    twin = copied(model)
    for one in (model, twin):
        one.run()
        assert one.week == 60
    assert twin is not model
    assert twin.staff[0] is not model.staff[0]
    np.testing.assert_array_equal(model.record, twin.record)
    np.testing.assert_array_equal(model.own_record, twin.own_record)
    frames = [one.datacollector.get_model_vars_dataframe() for one in (model, twin)]
    assert frames[0].equals(frames[1])
    assert len(frames[0]) == 61


@pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle"])
def test_run_model_and_run_for_of_a_copy_are_its_own(copied: Callable[[Any], Any]) -> None:
    model: Any = CoCreationModel(SHORT)
    model.step()
    twin = copied(model)
    if hasattr(twin, "run_for"):  # from Mesa 3.5 on
        twin.run_for(2)
        assert (twin.week, model.week) == (3, 1)
    twin.run_model()
    assert (twin.week, twin.running, model.week, model.running) == (6, False, 1, True)


def test_what_is_printed_of_a_model_and_its_people() -> None:
    model = CoCreationModel(RESTLESS, seed=1, replicate=2)
    assert (
        repr(model) == f"<CoCreationModel of {RESTLESS.name!r}: week 0 of 60, seed 1, replicate 2>"
    )
    person, provider = model.staff[0], model.providers[0]
    assert repr(person).startswith(f"<RegionalStaff 0 of 'region_1': trust {person.trust:.3f}, ")
    assert repr(provider) == "<TAProvider 'provider_1' of region_1, region_3: load 0.00>"
    assert repr(model.regions[0]).startswith("<Region 'region_1': ")
    assert repr(provider.sites[0]).startswith("<Site 'region_1': context ")


# --- newcomers -----------------------------------------------------------------------------------


class CarriesOn(RegionalStaff):
    """State by a default of the class, by __init__, and set on the way: no hook at all."""

    seen = 0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.diary: list[int] = []

    def apply(self) -> None:
        super().apply()
        self.seen += 1
        self.diary.append(self.model.week)
        self.last_week = self.model.week


class Ledgered(TAProvider):
    """The same of a provider."""

    failures = 0

    def break_promise(self, site: Any, effect: float) -> None:
        super().break_promise(site, effect)
        self.failures += 1


@pytest.mark.parametrize("staff_class", [CarriesOn, CountsLetDowns])
def test_no_newcomer_has_what_the_leaver_had(staff_class: type[RegionalStaff]) -> None:
    model = CoCreationModel(RESTLESS, seed=1, staff_class=staff_class, collect=False)
    new = carried = 0
    for _ in range(model.horizon):
        before = {person: person.motivation for person in model.staff}
        model.step()
        for person in model.staff:
            if person.motivation != before[person]:
                new += 1
                names = ("seen", "diary", "last_week", "let_down")
                carried += any(getattr(person, name, 0) for name in names)
    assert new > 10
    assert carried == 0


def test_no_successor_of_a_provider_has_what_the_leaver_had() -> None:
    leaves = [{"kind": "provider_leaves", "week": 40, "provider": "provider_1"}]
    scenario = RESTLESS.replace(shocks=leaves)
    model = CoCreationModel(scenario, seed=1, provider_class=Ledgered, collect=False)
    while model.week < 39:
        model.step()
    one: Any = model.providers[0]
    assert one.failures > 0
    model.step()
    assert one.failures == 0


def test_an_observer_changes_nothing() -> None:
    """A subclass that only counts: the model as it is, bit for bit."""
    np.testing.assert_array_equal(Counting(RESTLESS).run(), CoCreationModel(RESTLESS).run())


# --- outcomes of one's own -----------------------------------------------------------------------


def test_own_outcomes_are_collected_from_week_0() -> None:
    model = Counting(RESTLESS, seed=1)
    model.run()
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == 61
    np.testing.assert_allclose(frame["trust_again"], frame["trust"], rtol=1e-12)
    np.testing.assert_array_equal(frame["held_again"], frame["contacts_held"])
    assert model.outcome("let_down", "region_2") == np.mean(
        [person.let_down for person in model.regions[1].staff]  # type: ignore[attr-defined]
    )


def test_a_function_that_gives_something_else_is_said() -> None:
    with pytest.raises(InputError, match=r"outcomes\.a: gives 'x' in week 0; allowed: one number"):
        CoCreationModel(SHORT, outcomes={"a": lambda model: "x"})
    with pytest.raises(
        InputError, match=r"outcomes\.a: gives \[1, 2\] in week 0; allowed: one num"
    ):
        CoCreationModel(SHORT, outcomes={"a": lambda model: [1, 2]})


def test_the_declared_bounds_hold() -> None:
    from sim.core.outcomes import Outcome

    share = Outcome("share", "share", "a share", lambda model: 1 + model.week)  # type: ignore[misc]
    model = CoCreationModel(SHORT, outcomes={"share": share})
    with pytest.raises(InputError, match=r"outcomes\.share: is 2 in week 1; allowed: 0\.\.1"):
        model.step()
    with pytest.raises(InputError, match="a rate cannot be added up from weeks"):
        declared({"a": Outcome("a", "", "", len, kind="rate")})  # type: ignore[arg-type]


def test_mesa_is_the_version_that_was_asked_for() -> None:
    """``make mesa`` installs a Mesa and says which; here it is the one that runs."""
    import os

    assert mesa.__version__.startswith(os.environ.get("CODOSE_MESA", mesa.__version__))

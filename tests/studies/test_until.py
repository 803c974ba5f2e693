"""``until``: more sets until means are known well enough, and the number that it took."""

from __future__ import annotations

from typing import Any

import pytest

from sim.core.errors import InputError
from sim.runs.execute import Execution
from sim.scenario.scenario import Scenario
from sim.studies.compare import compare
from sim.studies.result import Result, load
from sim.studies.run.runs import run
from sim.studies.verify import verify
from tests.studies.test_compare import OFTEN, SMALL


def half_widths(found: Result) -> Any:
    table = found.table("differences")
    return ((table["mean_high"] - table["mean_low"]) / 2)[table["point"] == "end_of_ta"]


def test_a_comparison_goes_on_until_its_differences_are_known(tmp_path) -> None:
    fields: dict[str, Any] = {"replicates": 1, "outcomes": ["trust", "contacts_held"]}
    pilot = compare(SMALL, OFTEN, sets=10, **fields)
    trust = float(half_widths(pilot).iloc[0])
    found = compare(SMALL, OFTEN, sets=10, until=trust / 2, **fields)
    sets = found.study.header.sets
    assert float(half_widths(found).iloc[0]) <= trust / 2, "contacts are on no scale and not asked"
    assert 20 <= sets <= 160
    assert f"with {sets} sets" in found.answer.text
    plain = compare(SMALL, OFTEN, sets=sets, **fields)
    assert plain.table("differences").equals(found.table("differences")), (
        "the same as asked at once"
    )
    folder = found.save(tmp_path / "until", figures=())
    assert load(folder).study.header.sets == sets
    assert verify(folder).ok


def test_it_stops_at_the_most_sets_and_says_so() -> None:
    found = compare(SMALL, OFTEN, sets=4, replicates=1, until=1e-9, most_sets=9, outcomes=["trust"])
    assert found.study.header.sets == 9
    assert "with 9 sets, the most that were allowed" in found.answer.text
    assert found.runs == 3 * 9, "runs of the last round: two scenarios and the world without TA"


def test_runs_go_on_until_means_and_effects_are_known() -> None:
    from sim.stats.intervals import t_value

    classroom = Scenario.shipped("classroom")
    found = run(classroom, sets=5, replicates=1, until=0.05)
    sets = found.result.study.header.sets
    rows = found.summary()
    rows = rows[(rows["point"] == "end_of_ta") & (rows["region"] == "overall")]
    errors = rows.set_index("outcome").loc[["trust", "integration", "capacity"]]
    widest = t_value(sets - 1) * errors[["se", "effect_se"]].to_numpy().max()
    assert sets > 5
    assert widest <= 0.05


def test_interrupted_rounds_are_resumed(tmp_path) -> None:
    fields: dict[str, Any] = {
        "sets": 6, "replicates": 1, "until": 1e-9, "most_sets": 30, "outcomes": ["trust"],
    }  # fmt: skip
    whole = compare(SMALL, OFTEN, **fields)
    store = tmp_path / "parts"
    compare(SMALL, OFTEN, **fields, execution=Execution(store=store))
    rounds = sorted(path.name for path in store.iterdir() if path.is_dir())
    assert rounds == ["01-runs", "02-runs", "03-runs"]
    again = compare(SMALL, OFTEN, **fields, execution=Execution(store=store, resume=True))
    assert again.table("differences").equals(whole.table("differences"))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"until": 0.01, "fixed": True}, "needs plausible sets"),
        ({"until": 0.0}, "until"),
        ({"most_sets": 100}, "is for `until` only"),
        ({"until": 0.01, "sets": 100, "most_sets": 50}, "100 or more"),
    ],
)
def test_what_cannot_go_on_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        run("classroom", **fields)

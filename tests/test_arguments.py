"""What callers in Python give: forms of NumPy and pandas are read, other forms are refused in one
sentence that names the argument and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sim import (
    InputError,
    Outcome,
    Runs,
    Scenario,
    ask,
    calibrate,
    compare,
    import_log,
    import_network,
    import_survey,
    load,
    run,
    simulator,
    surface,
    verify,
)  # fmt: skip
from sim.runs.execute import Execution
from sim.runs.instruments import observe, survey
from sim.studies.survey_import import table_of_frame
from tests.cases import codose

LITTLE: dict[str, Any] = {"replicates": 1, "seed": 1, "fixed": True}
CLASSROOM = Scenario.shipped("classroom")
OWN = CLASSROOM.parameter_set()
PATH = "is not a path; allowed: text or a pathlib.Path"
SERIES = pd.Series({"trust_step": 0.2, "hour_scale": 1.0})
FRAME = pd.DataFrame({"item": ["trust"], "wave": ["start"], "mean": [3.5], "sd": [0.7], "n": [21]})


# --- forms that are read --------------------------------------------------------------------------


def test_scenarios_of_arrays_and_frames() -> None:
    plain = {
        "name": "two", "horizon_weeks": 26,
        "regions": {"candidates": 2, "selection": "all", "count": 2, "names": ["north", "south"]},
        "dosage": [{"mode": "video", "every_weeks": 4, "hours": 1.5, "co_creation": [0.8, 0.4]}],
        "parameters": SERIES.to_dict(),
    }  # fmt: skip
    given = {
        **plain,
        "horizon_weeks": np.int32(26),
        "regions": {**plain["regions"], "names": pd.Series(["north", "south"])},
        "dosage": [{**plain["dosage"][0], "co_creation": np.array([0.8, 0.4])}],
        "parameters": SERIES,
    }
    assert Scenario.from_dict(given) == Scenario.from_dict(plain)
    series = pd.DataFrame([{"mode": "phone", "every_weeks": 2, "hours": 0.5}])
    told = Scenario.from_dict({**plain, "dosage": series.to_dict("records")})
    for frame in (series, pa.Table.from_pandas(series)):
        assert Scenario.from_dict({**plain, "dosage": frame}) == told


def test_axes_and_held_parameters_of_arrays_and_series() -> None:
    plain = surface("classroom", every_weeks=[4, 8], hours=[1.0], sets=2, replicates=1,
                    hold=SERIES.to_dict())  # fmt: skip
    for axis in (np.array([4, 8]), pd.Series([4, 8]), range(4, 9, 4)):
        found = surface("classroom", every_weeks=axis, hours=np.array([1.0]), sets=np.int64(2),
                        replicates=np.int64(1), hold=SERIES)  # fmt: skip
        pd.testing.assert_frame_equal(found.table("surface"), plain.table("surface"))


def test_parameter_sets_of_a_frame_or_a_row() -> None:
    frame = pd.DataFrame({"trust_step": [0.2, 0.3], "hour_scale": [1.0, 1.5]})
    rows = frame.to_dict("records")
    for given, plain in (
        (frame, rows),
        (pa.Table.from_pandas(frame), rows),
        (frame.iloc[1], rows[1]),
    ):
        found, expected = (run("classroom", parameters=one, replicates=1) for one in (given, plain))
        pd.testing.assert_frame_equal(found.runs(), expected.runs())


def test_a_survey_is_a_frame_of_any_library() -> None:
    assert table_of_frame(FRAME) == table_of_frame(pa.Table.from_pandas(FRAME).to_pandas())
    assert import_survey(pa.Table.from_pandas(FRAME)).content == import_survey(FRAME).content


# --- forms that are refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load(3), f"directory: 3 {PATH}"),  # type: ignore[arg-type]
        (lambda: verify(None), f"directory: null {PATH}"),  # type: ignore[arg-type]
        (lambda: Runs.load(3), f"directory: 3 {PATH}"),  # type: ignore[arg-type]
        (lambda: Scenario.load(3), f"scenario: 3 {PATH}"),  # type: ignore[arg-type]
        (lambda: import_log(None), f"path: null {PATH}"),  # type: ignore[arg-type]
        (lambda: import_network(3), f"path: 3 {PATH}"),  # type: ignore[arg-type]
        (lambda: import_survey(3), "data: 3 is not a table; allowed: a file of CSV or Excel, or a "
         "data frame of pandas, polars or Arrow"),  # type: ignore[arg-type]
        (lambda: calibrate("classroom", data=pd.Series([1])), "data: 0 1 dtype: int64 is not a "  # type: ignore[arg-type]
         "table; allowed: a file of CSV or Excel, or a data frame of pandas, polars or Arrow"),
        (lambda: Execution(threads=0),
         "threads: 0 is out of range; allowed: 1 or more"),
        (lambda: Execution(threads=2.5), "threads: 2.5 is not a whole number; allowed: 1 or more"),  # type: ignore[arg-type]
        (lambda: Execution(time_limit="1 h"),  # type: ignore[arg-type]
         "time_limit: '1 h' is not a limit; allowed: a number above 0"),
        (lambda: observe("classroom", OWN, seed=1, replicates=2, weeks=[0]),  # type: ignore[arg-type]
         "scenario: 'classroom' is not a scenario; allowed: a Scenario"),
        (lambda: observe(CLASSROOM, {"trust_step": 0.2}, seed=1, replicates=2, weeks=[0]),  # type: ignore[arg-type]
         "sets: a mapping is not a parameter set; allowed: Parameters"),
        (lambda: observe(CLASSROOM, OWN, seed=1, replicates=2, weeks=5),  # type: ignore[arg-type]
         "weeks: 5 is not a list; allowed: a list of 0..78"),
        (lambda: survey(observe(CLASSROOM, OWN, seed=1, replicates=2, weeks=[0, 5]), OWN, "trust",
                        wave=5), "wave: 5 is not a position in the weeks [0, 5]; allowed: 0..1"),
        (lambda: simulator("classroom", {"hours": (np.nan, 1)}),
         "names: hours: nan is not a finite number; allowed: any number"),
        (lambda: run("classroom", parameters=3, replicates=1),  # type: ignore[call-overload]
         "parameters: 3 holds no sets; allowed: a mapping from names to values, a frame, or a list "
         "of sets"),
        (lambda: run("classroom", **LITTLE).plot(["trust"]),  # type: ignore[arg-type]
         "figure: a list is not a figure of this result; allowed: trajectories, regions, effects, "
         "dosage, commitments, team"),
        (lambda: run("classroom", execution="fast", **LITTLE),  # type: ignore[call-overload]
         "execution: 'fast' cannot be used; allowed: a sim.runs.execute.Execution"),
        (lambda: simulator("classroom", "trust_step", execution=3),  # type: ignore[arg-type]
         "execution: 3 cannot be used; allowed: a sim.runs.execute.Execution"),
        (lambda: ask("fit.yaml"), "study: 'fit.yaml' cannot be used; allowed: what "  # type: ignore[arg-type]
         "StudyKind.of(KIND) reads from a file or makes from fields"),
        (lambda: run("classroom", hold="trust_step", **LITTLE),  # type: ignore[call-overload]
         "hold: 'trust_step' holds no parameters; allowed: a mapping (parameter: value)"),
        (lambda: compare("source", "light_touch", hold={"trust_step": np.nan}),
         "hold: trust_step: nan is not a finite number; allowed: any number"),
        (lambda: compare("source", "light_touch", outcomes="trust"),
         "outcomes: must be a list, not 'trust'"),
        (lambda: surface("classroom", every_weeks=4), "every_weeks: must be a list, not 4"),  # type: ignore[call-overload]
        (lambda: surface("classroom", mode="video"), "mode: must be a list, not 'video'"),
        (lambda: run("classroom", **{**LITTLE, "seed": pd.Series([1, 2])}),
         "seed: a list is not a number; allowed: whole numbers 0..9223372036854775807"),
    ],
)  # fmt: skip
def test_one_sentence_for_each_mistake(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert str(caught.value) == message


def test_a_value_of_many_lines_is_shown_on_one() -> None:
    result = run("classroom", **LITTLE)
    (first, *_) = result.figures
    for call in (result.figure, result.table):
        with pytest.raises(InputError) as caught:
            call(first)  # type: ignore[arg-type]
        assert len(str(caught.value)) < 300
        assert "\n" not in str(caught.value)
    assert repr(first).startswith("Figure(name='trajectories', title='With TA and without'")
    assert "draw" not in repr(first)


def test_a_result_is_called_by_its_scenario_where_the_study_has_no_name() -> None:
    result = run("classroom", **LITTLE).result
    assert repr(result).startswith("<run of 'Classroom: one region, small enough to watch': 1 run,")


# --- own outcomes ---------------------------------------------------------------------------------


def test_an_outcome_that_returns_nothing_or_fails_is_named() -> None:
    with pytest.raises(InputError, match=r"outcomes\.calm: gives None in week 0; allowed: one"):
        run("classroom", outcomes={"calm": lambda model: None}, **LITTLE)
    for wrong, said in (({"better": "most"}, "'most' does not say what is better; allowed: more, "
                         "less, neither"), ({"kind": "peak"}, "'peak' is not a kind; allowed: "
                         "level, total")):  # fmt: skip
        calm = Outcome("calm", "share", "who is calm", lambda model: 1.0, **wrong)
        with pytest.raises(InputError, match=said):
            run("classroom", outcomes={"calm": calm}, **LITTLE)
    with pytest.raises(InputError, match=r"outcomes\.calm: ZeroDivisionError: division by zero"):
        run("classroom", outcomes={"calm": lambda model: 1 / 0}, **LITTLE)


# --- commands -------------------------------------------------------------------------------------


def test_a_form_that_does_not_exist_is_refused_before_any_run(tmp_path: Path) -> None:
    ran = codose("run", "classroom", "--figures", "pdf", "--out", tmp_path / "made")
    assert ran.exit_code == 2
    assert ran.stderr == (
        "--figures: 'pdf' is not a format of figures; allowed: png, svg, both or none\n"
    )
    assert not list(tmp_path.iterdir()), "no run was made, and none was kept"


def test_sets_of_a_folder_that_is_no_calibration_and_reports_of_another_form(
    tmp_path: Path,
) -> None:
    folder = run("classroom", **LITTLE).save(tmp_path / "made", figures=())
    ran = codose("run", "classroom", "--sets", folder, "--out", tmp_path / "more")
    assert ran.exit_code == 2
    assert "holds no plausible sets; allowed: " in ran.stderr
    for name in ("board.pdf", "board.xlsx"):
        ran = codose("report", folder, "--xlsx", "--out", tmp_path / name)
        assert ran.exit_code == 2
        assert "is not a name of an HTML file; allowed: a name that ends with .html" in ran.stderr
        assert not (tmp_path / name).exists()

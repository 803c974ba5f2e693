"""Runs and tables as datasets of xarray: the same numbers, labelled, through NetCDF and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim import compare, run, surface
from sim.core.errors import InputError
from sim.core.outcomes import OUTCOMES

LITTLE: dict[str, Any] = {"sets": 3, "replicates": 2}
DIMENSIONS = ("scenario", "set", "replicate", "arm", "region", "week")


@pytest.fixture(scope="module")
def xarray() -> Any:
    return pytest.importorskip("xarray")


@pytest.mark.parametrize("weekly", [True, False])
def test_every_value_is_where_its_labels_say(xarray: Any, weekly: bool) -> None:
    runs = run("source", keep_runs=weekly, **LITTLE)
    found = runs.to_xarray()
    assert found["trust"].dims == DIMENSIONS
    assert [found.sizes[name] for name in DIMENSIONS] == [1, 3, 2, 2, 4, 157 if weekly else 3]
    frame = runs.runs()
    frame = frame[(frame["point"] == "end_of_ta") & frame["outcome"].isin(["trust", "knowledge"])]
    for row in frame.to_dict("records"):
        at = found[row["outcome"]].sel(set=row["set"], region=row["region"], week=104)
        at = at.where(at["stream"] == row["replicate"]).max("replicate").squeeze()
        assert at.sel(arm="with_ta").item() == row["value"]
        assert at.sel(arm="without_ta").item() == row["no_ta"]
    for name, one in OUTCOMES.items():
        assert found[name].attrs["units"] == one.unit
    steps = [one.trust_step for one in runs.parameter_sets]
    assert found["trust_step"].values.tolist() == [steps]
    assert found["point"].sel(week=104).item() == "end_of_ta"


def test_netcdf_gives_it_back(xarray: Any, tmp_path: Path) -> None:
    found = run(["source", "classroom"], **LITTLE).to_xarray()
    found.to_netcdf(tmp_path / "runs.nc")
    with xarray.open_dataset(tmp_path / "runs.nc") as again:
        xarray.testing.assert_equal(again.load(), found)
        assert again["cost"].attrs == found["cost"].attrs


def test_scenarios_side_by_side(xarray: Any) -> None:
    runs = run({"a": "classroom", "b": "source"}, **LITTLE)
    found = runs.to_xarray()
    assert found["scenario"].values.tolist() == ["a", "b"]
    for name, one in runs.items():
        own, part = one.to_xarray()["integration"], found["integration"].sel(scenario=name)
        part = part.sel(region=own["region"], week=own["week"])
        assert np.array_equal(part.values, own.values[0], equal_nan=True)
    assert found["trust"].sel(scenario="a", week=156).isnull().all()


def test_tables_by_what_tells_their_rows_apart(xarray: Any, tmp_path: Path) -> None:
    result = compare("source", "light_touch", **LITTLE)
    weeks = result.to_xarray("weeks")
    assert weeks["mean"].dims == ("kind", "scenario", "week", "outcome")
    frame = result.table("weeks")
    row = frame[(frame["kind"] == "level") & (frame["week"] == 9)].iloc[-1]
    at = weeks["mean"].sel({key: row[key] for key in weeks["mean"].dims})
    assert at.item() == row["mean"]
    grid = surface("classroom", every_weeks=[4, 8], hours=[1, 2], **LITTLE)
    assert grid.to_xarray("surface")["mean"].dims == ("cell", "outcome")
    grid.to_xarray("surface").to_netcdf(tmp_path / "grid.nc")
    with pytest.raises(InputError, match="cannot be told apart by words and whole numbers"):
        grid.to_xarray("maps")
    with pytest.raises(InputError, match="did you mean 'weeks'"):
        result.to_xarray("week")


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(InputError, match=r"pip install 'codose\[xarray\]'"):
        run("classroom", **LITTLE).to_xarray()

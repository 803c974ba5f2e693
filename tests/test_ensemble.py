"""Engines by name, and numbers checked before the first run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.core import whole
from sim.core.errors import InputError
from sim.core.parameters import Parameters
from sim.core.threads import thread_count
from sim.runs import engines as ensemble
from sim.scenario.scenario import Scenario

TINY = Scenario.from_dict(
    {
        "name": "tiny",
        "horizon_weeks": 8,
        "regions": {"candidates": 2, "count": 2, "staff": 3},
        "providers": {"count": 1},
        "dosage": [{"mode": "video", "every_weeks": 4, "hours": 1, "last_week": 5}],
    }
)


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        ("replicates", 0, "replicates: 0 is out of range; allowed: 1..4294967296 (2**32)"),
        (
            "replicates", 2**32 + 1,
            "replicates: 4294967297 is out of range; allowed: 1..4294967296 (2**32)",
        ),
        (
            "replicates", 2.5,
            "replicates: 2.5 is not a whole number; allowed: 1..4294967296 (2**32)",
        ),
        (
            "replicates", True,
            "replicates: True is not a whole number; allowed: 1..4294967296 (2**32)",
        ),
        ("seed", -1, "seed: -1 is out of range; allowed: 0..9223372036854775807 (2**63 - 1)"),
        (
            "seed", "one",
            "seed: 'one' is not a whole number; allowed: 0..9223372036854775807 (2**63 - 1)",
        ),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_used(check: str, value: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        getattr(whole, f"check_{check}")(value)
    assert str(caught.value) == message


def test_a_name_that_is_no_engine() -> None:
    with pytest.raises(InputError) as caught:
        ensemble.choose_engine("mesaa")
    assert str(caught.value) == (
        "engine: 'mesaa' is not an engine; allowed: auto, mesa, compiled, module:Model; did you "
        "mean 'mesa'?"
    )


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    assert whole.check_replicates(np.int64(5)) == 5
    assert whole.check_seed(np.uint64(2**63 - 1)) == 2**63 - 1
    assert type(whole.check_seed(np.int32(3))) is int


def test_auto_takes_the_compiled_engine_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "fast_engine.py").write_text("def simulate(*_):\n    return 'fast'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(ensemble.ENGINES, "compiled", "fast_engine")
    name, engine = ensemble.choose_engine("auto")
    assert name == "compiled"
    assert engine(TINY, Parameters(), 1, 0) == "fast"


def test_importing_it_loads_nothing_heavy(repo: Path) -> None:
    heavy = ("mesa", "pandas", "pyarrow", "numba", "networkx", "matplotlib")
    code = f"import sys, sim.runs.engines; print(*(n for n in {heavy} if n in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == ""


def test_a_job_of_slurm_takes_what_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODOSE_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert thread_count() == 8
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    assert thread_count() == 3
    assert thread_count(5) == 5, "what is asked for goes first"
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "64")
    assert thread_count() == 8, "not more than there are"

"""codose: an agent-based simulation of co-creative technical assistance.

>>> from sim import Scenario, CoCreationModel, run

Names are loaded at their first use, so that ``import sim`` and the command line start at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.core.errors import CodoseError, InputError
    from sim.core.outcomes import Outcome
    from sim.core.parameters import Parameters
    from sim.model.agents import RegionalStaff, TAProvider
    from sim.model.week import CoCreationModel
    from sim.scenario.log_import import import_log
    from sim.scenario.network_import import import_network
    from sim.scenario.scenario import Scenario
    from sim.studies.ask import ask
    from sim.studies.calibrate import calibrate
    from sim.studies.compare import compare
    from sim.studies.result import Result, load
    from sim.studies.run.runs import Runs, run
    from sim.studies.simulator import Simulator, simulator
    from sim.studies.surface import surface
    from sim.studies.survey_import import import_survey
    from sim.studies.verify import verify

__version__ = "0.9.0"

_HOME = {
    "CoCreationModel": "sim.model.week",
    "CodoseError": "sim.core.errors",
    "InputError": "sim.core.errors",
    "Outcome": "sim.core.outcomes",
    "Parameters": "sim.core.parameters",
    "Result": "sim.studies.result",
    "RegionalStaff": "sim.model.agents",
    "Runs": "sim.studies.run.runs",
    "Scenario": "sim.scenario.scenario",
    "Simulator": "sim.studies.simulator",
    "TAProvider": "sim.model.agents",
    "ask": "sim.studies.ask",
    "calibrate": "sim.studies.calibrate",
    "compare": "sim.studies.compare",
    "import_log": "sim.scenario.log_import",
    "import_network": "sim.scenario.network_import",
    "import_survey": "sim.studies.survey_import",
    "load": "sim.studies.result",
    "run": "sim.studies.run.runs",
    "simulator": "sim.studies.simulator",
    "surface": "sim.studies.surface",
    "verify": "sim.studies.verify",
}

__all__ = [
    "CoCreationModel",
    "CodoseError",
    "InputError",
    "Outcome",
    "Parameters",
    "RegionalStaff",
    "Result",
    "Runs",
    "Scenario",
    "Simulator",
    "TAProvider",
    "ask",
    "calibrate",
    "compare",
    "import_log",
    "import_network",
    "import_survey",
    "load",
    "run",
    "simulator",
    "surface",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

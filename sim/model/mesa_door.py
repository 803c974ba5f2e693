"""The one door to Mesa.

Importing Mesa 3.3 sets the start method of multiprocessing for the whole process, which would
change how a user's own workers start. Here the method is put back as it was.
"""

from __future__ import annotations

import multiprocessing

_method = multiprocessing.get_start_method(allow_none=True)

import mesa  # noqa: E402

if multiprocessing.get_start_method(allow_none=True) != _method:
    multiprocessing.set_start_method(_method, force=True)  # type: ignore[arg-type]

Agent = mesa.Agent
Model = mesa.Model
DataCollector = mesa.DataCollector
VERSION: str = mesa.__version__

__all__ = ["VERSION", "Agent", "DataCollector", "Model"]

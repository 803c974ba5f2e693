"""A prepared scenario as one file for the engine in a browser: :func:`job`.

The file holds the length of the JSON in bytes (uint32, little-endian), the JSON, and from the next
multiple of 64 bytes on the arrays, each at a multiple of 64. The JSON holds

- ``stamp``: the stamp of the layout (``layout.json``); ``entry``: the entry to call;
- ``numbers``: arguments that are single numbers;
- ``arrays``: arguments with their content: ``type`` (a record of the layout, or NumPy's name),
  ``shape``, ``offset`` from the first array in bytes;
- ``spaces``: work space, which the caller fills with zeros: ``type``, ``shape``;
- ``record``: (rows, regions, columns) of a run; ``weeks``: the week of each row; ``regions``:
  names. Where some weeks have no row, flows are those of all weeks up to that of the row.

The caller adds parameter sets, the set and replicate of each run, and space for the records.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core import outcomes
from sim.engine import compiled, layout
from sim.engine.entries import WORK

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

_ALIGN = 64
_SPACES = {one.name for one in WORK.fields}
_OF_THE_CALL = {"sets", "which", "replicates", "records"}


def job(
    scenario: Scenario,
    seed: int,
    *,
    stagger: float | None = None,
    weeks: Sequence[int] | None = None,
) -> bytes:
    """The file that a browser needs to run a scenario.

    Args:
        scenario: what to run.
        seed: 0..2**63 - 1.
        stagger: the parameter ``calendar_stagger`` of all sets; None: the scenario's own.
        weeks: report these weeks only (ascending, the last is the horizon); None: every week.
    """
    if stagger is None:
        stagger = scenario.parameter_set().calendar_stagger
    prepared = compiled.prepare(scenario, seed, stagger)
    block = compiled.Workspace(prepared).block
    report = prepared.reports(weeks)
    block.put(report=report, snapshots=np.zeros((0, 0)))
    head: dict[str, Any] = {
        "stamp": layout.stamp(),
        "entry": block.entry.name,
        "numbers": {},
        "arrays": {},
        "spaces": {},
        "record": [int(report[-1]) + 1, len(scenario.region_names), len(outcomes.RECORD)],
        "weeks": list(range(scenario.horizon_weeks + 1)) if weeks is None else list(weeks),
        "regions": list(scenario.region_names),
    }
    data = bytearray()
    for _, argument in block.entry.flat():
        name = argument.name
        if argument.ndim == 0:
            head["numbers"][name] = block.number(name)
        elif name not in _OF_THE_CALL:
            array = block.arrays[name]
            about = {"type": layout.type_name(argument), "shape": list(array.shape)}
            if name in _SPACES:
                head["spaces"][name] = about
            else:
                head["arrays"][name] = {**about, "offset": len(data)}
                data += _padded(array.tobytes())
    text = json.dumps(head).encode()
    return _padded(struct.pack("<I", len(text)) + text) + bytes(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGN)

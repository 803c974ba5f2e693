"""How the runs of a study are cut into chunks: by the study alone, never by who works on it."""

from __future__ import annotations

from sim.ensemble import check_whole
from sim.errors import InputError, Problem
from sim.scenario import Scenario

WORK = 2**25
"""Staff-weeks of a chunk at most: about a second of one thread."""
TASK = 2**24
"""Staff-weeks of a task for a cluster at least, where the study has as many: half a second."""
_BYTES = 2**24
_RUNS = 2**14
_PARTS = 64


def staff_weeks(scenario: Scenario) -> int:
    """The work of one run."""
    return max(1, sum(scenario.staff_counts) * scenario.horizon_weeks)


def chunk_runs(scenario: Scenario, runs: int, run_bytes: int) -> int:
    """Runs in a chunk.

    A chunk takes about a second at most, its values 16 MiB; a study has 64 chunks or more (if it
    has as many runs), so that it can be shared out.

    Args:
        scenario: what is run.
        runs: of the whole study.
        run_bytes: what one run leaves behind.
    """
    by_work = WORK // staff_weeks(scenario)
    by_memory = _BYTES // max(1, run_bytes)
    by_share = -(-runs // _PARTS)
    return max(1, min(by_work, by_memory, by_share, _RUNS))


Shard = tuple[int, int]
"""``(i, n)``: part i, from 1, of n parts of the work."""


def check_shard(shard: Shard) -> Shard:
    """The shard, if it is one.

    Raises:
        InputError: not two whole numbers, 1 <= i <= n.
    """
    try:
        part, parts = shard
    except (TypeError, ValueError):
        raise InputError(_no_shard(shard)) from None
    parts = check_whole("shard", parts, 1, 2**20, "i/n with n from 1 to 1048576")
    part = check_whole("shard", part, 1, parts, f"i/n with i from 1 to n (here {parts})")
    return part, parts


def parse_shard(text: str) -> Shard:
    """A shard as it is written on the command line.

    >>> parse_shard("2/8")
    (2, 8)
    """
    first, slash, second = text.partition("/")
    if not (slash and first.strip().isdecimal() and second.strip().isdecimal()):
        raise InputError(_no_shard(text))
    return check_shard((int(first), int(second)))


def _no_shard(value: object) -> Problem:
    return Problem(
        f"{value!r} is not a shard", field="shard", value=value, allowed="i/n, such as 1/8 to 8/8"
    )


def of_shard(chunk: int, shard: Shard | None) -> bool:
    """Whether a chunk belongs to a shard: shard i of n has every n-th chunk, from the i-th on."""
    return shard is None or chunk % shard[1] == shard[0] - 1

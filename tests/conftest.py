"""What every test shares."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# Set before anything imports matplotlib, and inherited by commands that tests start.
os.environ["MPLBACKEND"] = "Agg"

# Compiled code is kept, whatever the caller's shell says: the workers and every command that a test
# starts share it, and so does the next run.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Thousands of collected tests are millions of objects that live to the end, and every full
# collection of garbage walks through all of them. So collections are rarer, and what the collection
# of tests left is not looked at again: the whole suite takes a fifth less time.
gc.set_threshold(50_000, 20, 50)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


# A shell starts what runs in the background with Ctrl-C ignored, and commands that tests start
# inherit that: whether they can be interrupted would depend on who started the suite.
signal.signal(signal.SIGINT, signal.default_int_handler)


def fsync(handle: int) -> None:
    """No test stops the machine, so none waits for the disk. That files are flushed, and what
    happens when they cannot be, is held by tests/test_store.py and tests/test_stops.py."""


os.fsync = fsync

# The same examples on every machine and in every run; time limits would fail on a busy machine.
# The first of them in `make test`, all of them in `make slow`; strategies.examples counts both.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=20)
settings.register_profile("full", derandomize=True, deadline=None, max_examples=100)
# For a hunt: HYPOTHESIS_PROFILE=explore pytest tests/test_...py
settings.register_profile("explore", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


# It takes away what Windows lacks from whatever process imports it; commands of tests do.
collect_ignore = ["windows/sitecustomize.py"]


@pytest.fixture(scope="session")
def repo() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parents[1]

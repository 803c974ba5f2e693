"""Runs of one scenario, each with and without TA: :func:`run` makes :class:`Runs`."""

from sim.studies.run.runs import Runs, run

__all__ = ["Runs", "run"]

"""Runs of one scenario, each with and without TA: :func:`run` makes :class:`Runs`."""

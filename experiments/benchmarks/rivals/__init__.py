"""One reduced model written three times, as a Mesa user, a NumPy user and a C programmer would.

Each gives float64 (runs, weeks, regions, ``MEANS``) for a case, a number of runs and a seed. They
share the numbers of :mod:`rivals.case` and nothing else: each draws its own random numbers.
"""

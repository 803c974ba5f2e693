"""Arrays in, numbers out: intervals and drivers."""

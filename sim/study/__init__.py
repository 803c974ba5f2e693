"""Asking: questions that take many runs."""

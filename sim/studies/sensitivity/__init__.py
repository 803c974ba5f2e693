"""Sensitivity studies: which assumptions drive a result, with chance separated from effects."""

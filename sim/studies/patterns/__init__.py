"""Patterns: the share of plausible sets in which the model shows each known pattern."""

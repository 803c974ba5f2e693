""":data:`CONSTRUCTS` and :data:`READINGS`: names of what surveys, sessions and tests measure."""

from __future__ import annotations

CONSTRUCTS: tuple[str, ...] = ("trust", "accountability", "knowledge", "integration")
"""States of people that a survey or a listening session can ask about."""
RESPONSE, TEST = "response", "test"
READINGS: tuple[str, ...] = (*CONSTRUCTS, RESPONSE, TEST)
"""The mean survey answer (1-5) about each state of people, the share of people who answer a survey,
and the mean score (0-1) of a knowledge test."""

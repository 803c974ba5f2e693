"""Sensitivity studies: which assumptions carry a result, with chance told apart from effect."""

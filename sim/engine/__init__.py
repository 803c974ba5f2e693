"""The same week compiled, and what is summarised of its records."""

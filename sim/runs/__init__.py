"""Many runs: which there are, how they are made, kept and written down."""

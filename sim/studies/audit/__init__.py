"""Design audits: what a study of this design would have reported, and the true effect."""

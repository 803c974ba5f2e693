"""Many runs: which (plan), how (execute), what is kept (collect) and where (store)."""

"""Many runs: ``plan`` says which, ``execute`` makes them, ``collect`` and ``store`` keep them."""

"""The page: one HTML file with the engine in it, for planners and classes."""

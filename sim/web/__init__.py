"""The page: ``codose serve``. Three views (plan, see, rests on) over the engines of the package."""

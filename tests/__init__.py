"""The tests: a package of its own, because some client libraries install a package called `tests` too."""

"""The page at /sandbox/: the control API for people who would rather click."""

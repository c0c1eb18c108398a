"""Lets the tests of every folder below import ``made_runs``."""

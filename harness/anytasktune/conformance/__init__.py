"""The conformance kit: whether a sub-task is what the core takes it for.

``targets`` finds and loads what is to be checked, ``subject`` holds one sub-task and what was read of it, one file
holds a family of checks, and ``kit`` runs them all. ``anytasktune check`` and ``anytasktune.testing`` are its faces.
"""

"""The command line: one small file a command; ``main`` puts them together, ``options`` holds what they share."""

"""What answers: local models (packaged, from a folder, from a hub), their tokens, scores, answers, journal.

Import the modules by name (``from anytasktune.models import loading``): this package itself imports nothing,
so that the command line can answer without torch.
"""

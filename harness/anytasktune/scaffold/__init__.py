"""A new sub-task's package: ``anytasktune new``.

``samples`` or ``from_data`` make a draft: the one from rows that were written for this purpose, the other from the
author's file, where ``shapes``, ``columns`` and ``kinds`` guess what is in it and ``rows`` looks at it. ``package``
writes the draft out.
"""

"""The exit statuses of every command, a reason beside each.

The gate has a table of its own meaning (0 pass, 1 fail, 2 inconclusive, 3 not comparable, 4 could not run);
all other commands use this one.
"""

from __future__ import annotations

OK = 0
"""Everything that was asked for was done, and nothing was lost."""

FAILED = 1
"""The command ran and did not do what was asked: an error of data, model, training or record, or too few answers for
a score; it is printed."""

USAGE = 2
"""The request itself is wrong (unknown option or name, invalid suite), as the command-line library does it too."""

INTERRUPTED = 130
"""Stopped by Ctrl-C (128 + SIGINT); the same command again goes on from where it stopped."""

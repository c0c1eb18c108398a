"""Tuning: texts become tokens and masks (``texts``), the loop (``loop``), what a killed run goes on from
(``checkpoints``), and the adapter folder (``adapter``).

Import the modules by name: this package itself imports nothing, so that the command line can answer without
torch.
"""

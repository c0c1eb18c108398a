"""AnyTaskTune: does a small model, tuned on one narrow sub-task, beat a general one? Measured honestly."""

"""Item models over the core's frozen values: they take batches and repaint what changed."""

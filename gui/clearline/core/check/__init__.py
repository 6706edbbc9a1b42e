"""One check of a profile, from preparation to the verdict. `check` is the door; it asks, `core.diagnosis` judges."""

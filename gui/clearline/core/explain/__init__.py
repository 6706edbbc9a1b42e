"""What an application printed, explained: `explain.explain` is the door; values are in `explanation`."""

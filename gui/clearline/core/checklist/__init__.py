"""Best practice as advice on a profile: pure, before any I/O. `checklist` is the door."""

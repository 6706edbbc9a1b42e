"""A connection kept open: how deployment, pools and network are, and why it was lost. `watch` is the door."""

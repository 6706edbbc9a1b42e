"""Where secrets are kept between sessions, and where those of a check come from. `vault` is the door."""

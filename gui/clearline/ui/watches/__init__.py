"""Which open profiles are watched, what of it shows, exercises of a pool, and notifications."""

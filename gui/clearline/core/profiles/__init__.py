"""What to connect to, as values: a profile, its sign-in fields, where its secrets come from, two profiles compared."""

"""The views below the form: diagnosis, servers, events."""

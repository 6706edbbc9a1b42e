"""PyMongo as this program uses it: its client, its events and log, sign-in with OIDC and AWS, asking one server."""

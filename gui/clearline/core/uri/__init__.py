"""Connection strings, both ways: what a text says, what is wrong with it, its remedies. Door: `connection_string`."""

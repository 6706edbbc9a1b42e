"""Probes: one question per module, asked on sockets of our own; a refusal is an answer, not an exception."""

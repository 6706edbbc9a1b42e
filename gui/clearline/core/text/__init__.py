"""Texts: made harmless, searched, and quoted for a shell."""

"""Files that are whole after any crash, and those whose drive may be away."""

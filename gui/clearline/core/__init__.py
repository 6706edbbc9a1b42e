"""The core: what Clearline knows and does, without any window. Never imports Qt."""

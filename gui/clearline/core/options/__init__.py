"""Every connection option of PyMongo: its name, type, values, and the packages that it needs."""

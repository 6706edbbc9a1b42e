"""Clearline tests MongoDB connections and says exactly what is wrong with them."""

__version__ = "0.1.0"

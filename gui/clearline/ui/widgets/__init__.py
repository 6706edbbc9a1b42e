"""Widgets that know no MongoDB: editors, tables, charts, tabs, small questions."""

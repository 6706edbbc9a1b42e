"""How everything looks: palettes, theme, style sheet, icons, the look of a status and of an event."""

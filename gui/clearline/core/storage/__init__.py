"""Where profiles and settings are on the disk: the text of a file, saving, watching a folder, deleting with undo."""

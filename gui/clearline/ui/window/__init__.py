"""The main window and what belongs to the program as a whole: menus, the dialog for bugs, opening addresses."""

"""One widget per form page, built from the option catalogue."""

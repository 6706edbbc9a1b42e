"""What surrounds a test in the window: consent, sign-in, remedies, retries, several at once, sending the report."""

"""The report of a check: its shape, its forms (JSON, HTML, Markdown, a note), earlier reports, what changed."""

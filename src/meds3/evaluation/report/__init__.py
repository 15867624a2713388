"""What was measured, for people: the page, its Markdown twin, tables and figures."""

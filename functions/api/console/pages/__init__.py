"""One module a page: its typed context, what it shows, what its buttons do."""

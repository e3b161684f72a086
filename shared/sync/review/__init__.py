"""Review & Import: the books' lists, what of them is not here yet, and bringing it in."""

"""The sync engine: plan, push, settle, mend. It knows kinds of records by their terms, and no provider."""

"""What every function may import: domain, providers, auth, storage, use cases and the composition root."""

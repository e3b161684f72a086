"""Pure rules and types: the standard library only, no effects, nothing a provider or AWS would recognise."""

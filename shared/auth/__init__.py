"""Tokens and people: the vault, the hand-out of access tokens, connecting, and who is calling."""

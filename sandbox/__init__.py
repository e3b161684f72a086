"""Strict local servers that behave like the accounting providers and a sign-in issuer.

Written from the providers' documents alone: it imports nothing from ``shared``, because a fake built on
our own mapping would agree with our own mistakes.
"""

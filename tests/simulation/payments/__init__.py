"""Worlds whose companies send payments: what differs from those of items and customers."""

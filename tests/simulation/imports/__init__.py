"""Worlds in which the office reviews what the books have, imports it and takes wrong matches apart."""

"""Measured figures of the suite; `make bench` prints and stores them."""

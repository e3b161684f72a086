"""Payments go through their ledger: reserve, post, settle; what is unknown is looked up before all else."""

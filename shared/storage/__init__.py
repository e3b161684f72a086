"""Ports, the DynamoDB stores and the same ports in memory; one contract suite passes over both."""

"""The storage ports over DynamoDB; see `tables` for the key design and `stores` for making them.

PynamoDB gives the rows their models, their serialisation and the condition and update expressions of
single-row calls; all calls go through the one boto3 client of the function, so that there is one
connection pool, one rule of what is tried again and one place that counts consumed capacity. The bulk
paths build their attribute maps by hand and write with PartiQL batches: boto3 directly, because of
the CPU (docs/adr). Importing this package costs PynamoDB's import, so `shared.bootstrap` does it where
it makes the stores.
"""

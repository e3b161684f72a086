"""The automatic road: a changed record becomes a due row, a wake-up brings a worker, a batch goes."""

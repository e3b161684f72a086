"""What the API takes and answers, one file per resource: camelCase outside, our own names inside."""

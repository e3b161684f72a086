"""QuickBooks Online: profile, adapter and OAuth. Facts and their marks: quickbooks.md."""

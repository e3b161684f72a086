"""Files that are too large for a request: uploaded first, imported by a job."""

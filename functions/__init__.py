"""One folder per Lambda; none imports another."""

"""The console: server-rendered pages for the office, over the same use cases as the HTTP API."""

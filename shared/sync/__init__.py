"""The use cases. They reach the world only through the ports in `Services`."""

"""Who does something in a world besides the engine: people, the schedule."""

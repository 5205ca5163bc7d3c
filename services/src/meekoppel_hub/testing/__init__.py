"""What tests of the hub, and of what is built on it, can use instead of the world outside."""

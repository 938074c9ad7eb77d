"""What tests share: clients, builders, and waiting for a condition."""

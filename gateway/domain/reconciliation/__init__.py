"""Our payments and refunds compared with the provider's, both ways: the runs, and what each compares."""

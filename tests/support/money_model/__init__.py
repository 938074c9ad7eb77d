"""A model of the money: random things happen to payments, and a tiny model says what must come of it."""

"""HTTP in: a view parses, makes one domain call, enqueues what follows, and serialises the answer."""

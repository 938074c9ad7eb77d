"""The Celery side: each task claims, makes one domain call, and enqueues what follows."""

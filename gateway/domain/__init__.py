"""What the service decides. Imports no Flask, no Celery, no Razorpay; `provider` and `now` are arguments."""

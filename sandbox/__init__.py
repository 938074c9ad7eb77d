"""A local Razorpay: an HTTP server that behaves like Razorpay's test mode, for development and tests.

It is a program of its own (`python -m sandbox`). It imports nothing of the service that it stands in for.
"""

"""The API under /v1, as Razorpay documents it: routes, authentication, bodies, queries."""

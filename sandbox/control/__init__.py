"""The control API under /sandbox: what a tester does to the sandbox. Razorpay has nothing like it."""

"""The one-command local stack. Nothing in production imports it."""

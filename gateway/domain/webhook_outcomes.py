"""How the handling of a webhook event can end."""

APPLIED = "applied"
NO_CHANGE = "no_change"
IGNORED = "ignored"
# About an order that no payment here has.
FOREIGN = "foreign"
# Its handling crashed every time. It waits for a person to redrive it.
DEAD = "dead"

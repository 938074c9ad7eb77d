"""Disputes, as far as they matter here: while one is open, its payment cannot be refunded.

Razorpay's test mode has none, so a tester opens and ends them, and they have no entities and no events.
"""

from sandbox import records
from sandbox.world import Transaction


def set_open(tx: Transaction, payment_id: str, is_open: bool) -> None:
    """Open the dispute of a payment, or end it. Raises ProviderError for an unknown payment."""
    records.get(tx, "payments", payment_id)
    if is_open:
        tx.execute("INSERT OR IGNORE INTO disputes (payment_id) VALUES (?)", payment_id)
    else:
        tx.execute("DELETE FROM disputes WHERE payment_id = ?", payment_id)


def is_open(tx: Transaction, payment_id: str) -> bool:
    """Tell whether a payment is disputed at present."""
    return tx.one("SELECT 1 FROM disputes WHERE payment_id = ?", payment_id) is not None

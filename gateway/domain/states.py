"""Which status may follow which. Data only: the documented statuses are the state machine, and
`transitions.move` is the only function that writes one."""

CREATED = "CREATED"
ATTEMPTED = "ATTEMPTED"
PAID = "PAID"
FAILED = "FAILED"
CANCELLED = "CANCELLED"
PARTIAL_REFUND = "PARTIAL_REFUND"
REFUNDED = "REFUNDED"

STATUSES = (CREATED, ATTEMPTED, PAID, FAILED, CANCELLED, PARTIAL_REFUND, REFUNDED)

MAY_GO_TO: dict[str, frozenset[str]] = {
    CREATED: frozenset({ATTEMPTED, PAID, FAILED, CANCELLED}),
    ATTEMPTED: frozenset({PAID, FAILED, CANCELLED}),
    # A customer may try again on the same order, and a failed payment can be authorised late.
    FAILED: frozenset({ATTEMPTED, PAID, CANCELLED}),
    # Money for a cancelled order: it was taken, so it is shown, and a person looks at it.
    CANCELLED: frozenset({PAID}),
    PAID: frozenset({PARTIAL_REFUND, REFUNDED}),
    # A refund that fails later gives its amount back.
    PARTIAL_REFUND: frozenset({PARTIAL_REFUND, REFUNDED, PAID}),
    REFUNDED: frozenset({PARTIAL_REFUND, PAID}),
}

OPEN = frozenset({CREATED, ATTEMPTED, FAILED})
SUCCESSFUL = frozenset({PAID, PARTIAL_REFUND, REFUNDED})
REFUNDABLE = frozenset({PAID, PARTIAL_REFUND})

REFUND_PENDING = "pending"
REFUND_PROCESSED = "processed"
REFUND_FAILED = "failed"
REFUND_STATUSES = (REFUND_PENDING, REFUND_PROCESSED, REFUND_FAILED)

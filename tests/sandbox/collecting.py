"""Requests to a customer's UPI app, as a merchant's server makes them."""

PATH = "/v1/payments/create/upi"


def collect(order, **changes):
    """Build the documented request for an order."""
    return {
        "amount": order["amount"],
        "currency": order["currency"],
        "order_id": order["id"],
        "email": "asha@example.com",
        "contact": "+919812345678",
        "method": "upi",
        "upi": {"flow": "collect", "vpa": "success@razorpay", "expiry_time": 5},
        **changes,
    }


def upi(vpa="success@razorpay", **changes):
    """Build the object upi."""
    return {"upi": {"flow": "collect", "vpa": vpa, **changes}}


def payments_of(sandbox, order):
    """List an order's payments, newest first."""
    return sandbox.call("GET", f"/v1/orders/{order['id']}/payments").json()["items"]

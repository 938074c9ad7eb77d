"""Every collection of the service, and the creation of their indexes."""

from gateway.domain.account_models import ApiKey, LoginFailures, PasswordReset, RevokedToken, User
from gateway.domain.models import Payment, Receipt, WebhookEvent

DOCUMENTS = (Payment, WebhookEvent, Receipt, User, RevokedToken, ApiKey, LoginFailures, PasswordReset)
DOCUMENTS_WITH_WORK = (Payment, WebhookEvent, Receipt, PasswordReset)


def create_indexes() -> None:
    """Create the collections and indexes. Safe to call again and from several processes at once."""
    for document in DOCUMENTS:
        document.ensure_indexes()

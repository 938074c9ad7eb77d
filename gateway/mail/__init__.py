"""The adapters of the mailer: one for SMTP servers, one that writes files."""

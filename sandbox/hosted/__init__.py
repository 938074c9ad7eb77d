"""The hosted checkout: pages that need no JavaScript, opened by a form on the merchant's own page."""

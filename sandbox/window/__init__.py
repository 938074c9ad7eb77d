"""Checkout.js and the window that it opens on a merchant's page, with the calls that the window makes."""

"""Adapters: one file per provider, each speaking the domain's port."""

"""The payment service: what it decides (domain), how it is asked (api, web), whom it asks (providers).

This file stays empty of imports, so that a worker which needs `gateway.domain` never loads Flask.
"""

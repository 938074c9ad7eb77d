"""The WSGI entry point."""

from config.settings import Settings
from gateway.app import create_app

app = create_app(Settings.from_env())

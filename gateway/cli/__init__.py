"""The commands of an operator, under `flask --app wsgi`."""

"""The API's own documentation: the OpenAPI document and Swagger UI, with assets from this server only."""

from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, send_from_directory

from gateway.api.auth import public
from gateway.api.openapi import document

blueprint = Blueprint("docs", __name__)

API = "payment_service_api"
ASSETS = str(files("flask_swagger_ui") / "dist")
ASSET_AGE_SECONDS_MAX = 24 * 3600

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Payment service API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START = """window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
});
"""
# Swagger UI sets inline styles and draws its icons from data: addresses.
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


@blueprint.get("/openapi.json")
@public
def openapi() -> Any:
    """Return the OpenAPI document."""
    return jsonify(document(current_app, current_app.extensions[API]))


@blueprint.get("/docs")
@public
def page() -> Response:
    """Return the Swagger UI page."""
    return Response(PAGE, mimetype="text/html", headers={"Content-Security-Policy": POLICY})


@blueprint.get("/docs/start.js")
@public
def start() -> Response:
    """Return the script that starts Swagger UI; not inline, so that the page needs no exception for it."""
    return Response(START, mimetype="text/javascript")


@blueprint.get("/docs/assets/<path:name>")
@public
def asset(name: str) -> Response:
    """Return one of Swagger UI's files."""
    return send_from_directory(ASSETS, name, max_age=ASSET_AGE_SECONDS_MAX)

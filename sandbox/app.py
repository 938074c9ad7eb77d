"""Puts the sandbox together: the world from its settings, and the application of API, controls, checkout."""

from flask import Flask, Response, jsonify, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from sandbox import endpoints
from sandbox.api import serve
from sandbox.control import guard, routes
from sandbox.panel import page
from sandbox.settings import Settings
from sandbox.window import routes as window_routes
from sandbox.world import World


class _Json(DefaultJSONProvider):
    # Fields come in the order in which they are written, as at Razorpay.
    sort_keys = False


def open_world(settings: Settings) -> World:
    """Open the database and register the webhook endpoint of the settings."""
    world = World(settings)
    if settings.webhook_url is not None:
        with world.transaction() as tx:
            endpoints.register_from_environment(tx, settings.webhook_url, settings.webhook_secret)
    return world


def create_app(world: World) -> Flask:
    """Make the WSGI application."""
    app = Flask("sandbox", static_folder=None)
    app.url_map.strict_slashes = False
    app.json = _Json(app)
    guard.protect(app, world.settings)
    serve.add_routes(app, world)
    routes.add_routes(app, world)
    page.add_files(app)
    window_routes.add_routes(app, world)

    @app.errorhandler(HTTPException)
    def answer_other_urls(error: HTTPException) -> Response | tuple[Response, int]:
        if request.path.startswith("/v1/"):
            return serve.answer_unknown_url(world)
        if request.path.startswith("/sandbox/"):
            description = f"{error.name}: {request.method} {request.path}. GET /sandbox/ lists the controls."
            return jsonify(
                error={"code": "SANDBOX_CONTROL_ERROR", "description": description}
            ), error.code or 500
        # What Razorpay's gateway says about a path that it does not know.
        return jsonify(message="no Route matched with those values"), 404

    return app

"""The environment of the stack's processes, from what the caller has set."""

import socket

import pytest

from config.settings import Settings
from dev import ports
from dev.environment import StackError, resolve
from dev.stack import check_ports

REAL_KEYS = {"RAZORPAY_KEY_ID": "rzp_test_mine", "RAZORPAY_KEY_SECRET": "mine"}


def test_nothing_set_gives_a_whole_environment_for_one_machine(tmp_path):
    found = resolve({}, tmp_path)

    variables = found.variables
    assert (found.api_url, found.sandbox_url) == ("http://127.0.0.1:8000", "http://127.0.0.1:8001")
    assert variables["BIND_HOST"] == "127.0.0.1"
    assert variables["RAZORPAY_KEY_ID"] == "rzp_test_sandbox"
    assert variables["RAZORPAY_BASE_URL"] == "http://127.0.0.1:8001"
    assert variables["SANDBOX_WEBHOOK_URL"] == "http://127.0.0.1:8000/api/v1/payments/webhook"
    assert variables["MONGODB_URI"].startswith(f"mongodb://127.0.0.1:{found.mongodb_port}/payments?")
    assert variables["REDIS_URL"] == f"redis://127.0.0.1:{found.redis_port}/0"
    assert "local-stack" in variables["JWT_SECRET_KEY"]
    assert variables["MAIL_URL"] == f"file:{tmp_path}/mail"
    assert variables["PUBLIC_URL"] == "http://127.0.0.1:8000"


def test_the_settings_accept_what_the_stack_passes(tmp_path, monkeypatch):
    for name, value in resolve({}, tmp_path).variables.items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert settings.port == 8000
    assert settings.receipt_issuer_name == "Example School Payments Pvt. Ltd."


def test_production_refuses_what_the_stack_passes(tmp_path, monkeypatch):
    for name, value in resolve({"APP_ENV": "production"}, tmp_path).variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValueError, match="JWT_SECRET_KEY is the local stack's"):
        Settings()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"PORT": "9000"}, {"SANDBOX_WEBHOOK_URL": "http://127.0.0.1:9000/api/v1/payments/webhook"}),
        ({"SANDBOX_PORT": "9001"}, {"RAZORPAY_BASE_URL": "http://127.0.0.1:9001"}),
        ({"SANDBOX_PORT": "9001"}, {"CHECKOUT_SCRIPT_URL": "http://127.0.0.1:9001/v1/checkout.js"}),
        ({"CHECKOUT_SCRIPT_URL": "https://mine/x.js"}, {"CHECKOUT_SCRIPT_URL": "https://mine/x.js"}),
        ({"MONGODB_URI": "mongodb://db/x"}, {"MONGODB_URI": "mongodb://db/x"}),
        ({"REDIS_URL": "redis://cache/1"}, {"REDIS_URL": "redis://cache/1"}),
        (
            {"RAZORPAY_BASE_URL": "http://proxy"},
            {"RAZORPAY_BASE_URL": "http://proxy", "RAZORPAY_KEY_ID": "rzp_test_sandbox"},
        ),
        ({"RAZORPAY_WEBHOOK_SECRET": "mine"}, {"RAZORPAY_WEBHOOK_SECRET": "mine"}),
        ({"JWT_SECRET_KEY": "my own"}, {"JWT_SECRET_KEY": "my own"}),
        ({"RATELIMIT_ENABLED": "false"}, {"RATELIMIT_ENABLED": "false"}),
        ({"WEB_CONCURRENCY": "4"}, {"WEB_CONCURRENCY": "4"}),
        ({"PORT": "9000"}, {"PUBLIC_URL": "http://127.0.0.1:9000"}),
        ({"PUBLIC_URL": "https://tunnel"}, {"PUBLIC_URL": "https://tunnel"}),
        ({"MAIL_URL": "smtp://127.0.0.1:1025"}, {"MAIL_URL": "smtp://127.0.0.1:1025"}),
        ({"RECEIPT_ISSUER_NAME": ""}, {"RECEIPT_ISSUER_NAME": "Example School Payments Pvt. Ltd."}),
    ],
)
def test_what_the_caller_sets_is_used(given, expected, tmp_path):
    variables = resolve(given, tmp_path).variables

    assert {name: variables[name] for name in expected} == expected


def test_servers_of_the_caller_replace_the_embedded_ones(tmp_path):
    found = resolve({"MONGODB_URI": "mongodb://db/x", "REDIS_URL": "redis://cache/1"}, tmp_path)

    assert (found.mongodb_port, found.redis_port) == (None, None)


def test_real_keys_mean_the_real_razorpay_and_an_unknown_webhook_secret(tmp_path):
    found = resolve(REAL_KEYS, tmp_path)

    assert found.sandbox_url is None
    assert "RAZORPAY_BASE_URL" not in found.variables
    assert "CHECKOUT_SCRIPT_URL" not in found.variables
    assert found.variables["RAZORPAY_WEBHOOK_SECRET"] != "sandbox_webhook_secret"
    assert len(found.variables["RAZORPAY_WEBHOOK_SECRET"]) >= 64


def test_secrets_and_embedded_ports_stay_the_same_for_a_directory(tmp_path):
    first, second = resolve({}, tmp_path), resolve({}, tmp_path)
    other = resolve({}, tmp_path / "other")

    assert first == second
    assert other.variables["JWT_SECRET_KEY"] != first.variables["JWT_SECRET_KEY"]
    assert other.mongodb_port != first.mongodb_port


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"PORT": "http"}, "PORT must be a port number from 1 to 65535, not 'http'"),
        ({"SANDBOX_PORT": "65536"}, "SANDBOX_PORT must be a port number from 1 to 65535, not '65536'"),
        ({"PORT": "8001"}, "PORT and SANDBOX_PORT are both 8001; they must differ"),
        (
            {"RAZORPAY_KEY_ID": "rzp_test_mine"},
            "RAZORPAY_KEY_SECRET is missing: set both RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET, or neither",
        ),
    ],
)
def test_a_wrong_variable_is_named_in_one_line(given, message, tmp_path):
    with pytest.raises(StackError) as caught:
        resolve(given, tmp_path)

    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_port_in_use_is_named_in_one_line_with_its_variable(name, tmp_path):
    free, other = ports.free_port(), ports.free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        found = resolve({"PORT": str(free), "SANDBOX_PORT": str(other), name: str(taken)}, tmp_path)

        with pytest.raises(StackError, match=rf"^port {taken} is already in use: set {name} to another one$"):
            check_ports(found)


def test_a_free_port_is_free(tmp_path):
    with socket.create_server(("127.0.0.1", ports.free_port())) as server:
        assert not ports.is_free(server.getsockname()[1])

"""Published vectors: whatever else changes, these digests may not."""

from sandbox import signatures

BODY = b'{"entity":"event","event":"payment.captured"}'


def test_the_payment_signature_matches_the_published_vectors():
    assert (
        signatures.of_payment("sandbox_key_secret_01", "order_SBXordr0000001", "pay_SBXpaym0000001")
        == "91a2b73b1b8448cd3b27f88109456911ff378c3f9d7cf6c617af0981434d3b93"
    )
    assert (
        signatures.of_payment("key_secret", "fake_order_id", "fake_payment_id")
        == "b2335e3b0801106b84a7faff035df56ecffde06918c9ddd1f0fafbb37a51cc89"
    )


def test_the_webhook_signature_matches_the_published_vector():
    assert (
        signatures.of_webhook("sandbox_webhook_secret_01", BODY)
        == "7561411e20e1f66cc95a9aa708de88c0bb162a1d0ea538a3e25d2d48ff922efa"
    )


def test_the_webhook_signature_of_the_same_json_with_spaces_differs():
    spaced = BODY.replace(b":", b": ").replace(b",", b", ")

    assert signatures.of_webhook("sandbox_webhook_secret_01", spaced).startswith("ac585e55")

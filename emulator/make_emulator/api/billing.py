"""Subscription and payments of organizations, read only: the emulator bills nothing. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import many, one, value
from ..json_types import Json
from ..lazy_dataclasses import dataclass
from ..schemas.billing import PaymentMethodTypeOut, ProductOut
from ..world.models import Organization
from .ordering import by_id, make_paging

group = EndpointGroup("billing")

_PATH = "/organizations/{organizationId}"


@dataclass(frozen=True, slots=True)
class PaymentMethodType:
    """Kind of payment method, and the purchases for which it can be the default."""

    value: str
    label: str
    can_be_default_for_subscription: bool
    can_be_default_for_extras: bool


#: The values and flags are documented, the labels are the emulator's.
PAYMENT_METHOD_TYPES = (
    PaymentMethodType("card", "Card", True, True),
    PaymentMethodType("us_bank_account", "US bank account", True, False),
)


@group.get(
    f"{_PATH}/subscription",
    scopes=["organizations:read"],
    permission="payments get",
    response=one("product", ProductOut),
)
def get_subscription(call: ApiCall, organization: Organization) -> Organization:
    """Get the product that an organization subscribes to."""
    return organization


@group.get(
    f"{_PATH}/payments",
    scopes=["organizations:read"],
    permission="payments get",
    response=value("payments"),
    paging=make_paging("id", {"id": by_id}),
)
def list_payments(call: ApiCall, organization: Organization) -> list[Json]:
    """List the payments of an organization: there are none."""
    return []


@group.get(
    f"{_PATH}/subscription/payment-method-types",
    scopes=["organizations:read"],
    permission="payments get",
    response=many("paymentMethodTypes", PaymentMethodTypeOut),
)
def list_payment_method_types(call: ApiCall, organization: Organization) -> list[PaymentMethodType]:
    """List the kinds of payment methods."""
    return list(PAYMENT_METHOD_TYPES)


@group.get(
    f"{_PATH}/subscription/payment-methods",
    scopes=["organizations:read"],
    permission="payments get",
    response=value("paymentMethods"),
    paging=make_paging("id", {"id": by_id}),
)
def list_payment_methods(call: ApiCall, organization: Organization) -> list[Json]:
    """List the payment methods of an organization: there are none."""
    return []


@group.get(
    f"{_PATH}/universal-discount",
    scopes=["organizations:read"],
    permission="payment edit",
    response=value("universalDiscount"),
)
def get_universal_discount(call: ApiCall, organization: Organization) -> None:
    """Get the discount of an organization: there is none."""
    return None

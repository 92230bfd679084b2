"""Subscription and payments of organizations. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from marshmallow import fields

from ..world.models import Organization
from ..world.plans import PLANS
from ..world.world import World
from .base import Constant, Derived, ResponseSchema, Timestamp

_nullable_object = fields.Dict(allow_none=True)


def _price(world: World, row: Organization) -> dict[str, object]:
    id = list(PLANS).index(row.plan) + 1
    return {"id": id, "price": "0.00", "currencyCode": "USD", "period": "1 month"}


class ProductOut(ResponseSchema):
    """Product that an organization subscribes to. The emulator bills nothing, so its price is 0.00."""

    id = Derived(lambda world, row: list(PLANS).index(row.plan) + 1, fields.Integer())
    name = Derived(lambda world, row: PLANS[row.plan][0], fields.String())
    next_reset = Timestamp(data_key="nextBill")
    price = Derived(_price, fields.Dict())
    coupon = Constant(None, _nullable_object)


class PaymentMethodTypeOut(ResponseSchema):
    value = fields.String()
    label = fields.String()
    can_be_default_for_subscription = fields.Boolean()
    can_be_default_for_extras = fields.Boolean()

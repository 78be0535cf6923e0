"""The shop's rates for tax and shipping, as they are configured for a currency."""

from dataclasses import dataclass
from decimal import Decimal

from pam.money.amounts import to_cents
from pam.platform.postgres import Connection


@dataclass(frozen=True)
class ShopRates:
    """What is added to the products' prices; None for what isn't configured.

    `tax_percent` is of the products without shipping. Shipping is free from a sum of the products of
    `free_shipping_from`. `source` names where the rates are from.
    """

    currency: str
    tax_percent: Decimal | None
    shipping_fee: Decimal | None
    free_shipping_from: Decimal | None
    source: str
    simulated: bool

    def tax(self, subtotal: Decimal) -> Decimal | None:
        """Return the tax on products, rounded to the cent; None without a rate."""
        return None if self.tax_percent is None else to_cents(subtotal * self.tax_percent / 100)

    def shipping(self, subtotal: Decimal) -> Decimal | None:
        """Return the fee for shipping; None without one."""
        if self.shipping_fee is None:
            return None
        is_free = self.free_shipping_from is not None and subtotal >= self.free_shipping_from
        return Decimal("0.00") if is_free else self.shipping_fee


_SELECT_RATES = """
select currency, tax_percent, shipping_fee, free_shipping_from, source, simulated
  from shop_rates
 where currency = %(currency)s
"""


def read_rates(connection: Connection, currency: str) -> ShopRates | None:
    """Return the rates for a currency; None where none are configured."""
    row = connection.execute(_SELECT_RATES, {"currency": currency}).fetchone()
    return None if row is None else ShopRates(**row)

"""A purchase of fuel: two of its volume, price and total are stated, and the third is computed. Three must agree."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pam.money.amounts import MAX_AMOUNT, to_cents
from pam.platform.errors import FUEL_MISMATCH, INVALID_AMOUNT, INVALID_QUANTITY, PamError
from pam.travel.units import Units
from pam.users.formatting import format_money
from pam.users.profile import Profile
from pam.vehicles.measures import FUEL_VOLUME, MAX_MEASURE_CHARS, ReadMeasure, TypedMeasure

VOLUME_PLACES = 4
"""The decimal places of litres that are stored."""

_MAX_PRICE = Decimal(100)
_PRICE = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,6})?)\s*(?:(?:/|per|an?)\s*([A-Za-z .()]+))?")
_HALF_CENT = Decimal("0.005")
# A price has cents at least, whatever zeros at its end a model leaves out.
_MIN_PRICE_DECIMALS = 2


@dataclass(frozen=True)
class TypedPrice:
    """The price of one `unit` as it was written; without a unit it is one of the volume's, else the user's own."""

    number: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{self.number:f}/{self.unit}" if self.unit else f"{self.number:f}"


@dataclass(frozen=True)
class FuelPurchase:
    """A volume in litres and what was paid for it, in some currency."""

    litres: Decimal
    total: Decimal


def parse_fuel_price(value: Any) -> TypedPrice | None:
    """Return a price such as 3.599, `3.599` or `1.799/l`; None for None. Raises `PamError` (`invalid_quantity`)."""
    if value is None:
        return None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        value = f"{number:f}" if number.is_finite() and abs(number) < 1000 else ""
    found = _PRICE.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= MAX_MEASURE_CHARS else None
    if found is None:
        raise PamError(
            INVALID_QUANTITY, "PAM can't read that price. Write it such as 3.599 or 1.799 per l.", field="price"
        )
    price = TypedPrice(Decimal(found[1].replace(",", ".")), (found[2] or "").strip().casefold())
    FUEL_VOLUME.parse(f"1 {price.unit}")
    if not 0 < price.number <= _MAX_PRICE:
        raise _price_out_of_range()
    return price


def complete_purchase(
    volume: TypedMeasure | None,
    price: TypedPrice | None,
    total: Decimal | None,
    currency: str,
    profile: Profile,
) -> FuelPurchase:
    """Return a purchase of which two values are stated, or all three.

    Three agree if the total is the volume times the price, as far as their written digits tell. Raises `PamError`:
    `fuel_mismatch`, `invalid_quantity` and `invalid_amount` for a computed value out of range, and what
    `MeasureParser.read` raises.
    """
    if [volume, price, total].count(None) > 1:
        raise PamError(FUEL_MISMATCH, "PAM needs two of these: the volume, the price and the total.", field="total")
    read = None if volume is None else FUEL_VOLUME.read(volume, profile)
    litre = None if price is None else _per_litre(price, _volume_unit(volume), profile)
    if read is None:
        assert litre is not None
        assert total is not None
        computed = TypedMeasure(f"{total / litre.value:.4f} l", ())
        return FuelPurchase(round(FUEL_VOLUME.read(computed, profile).value, VOLUME_PLACES), total)
    if litre is None:
        assert total is not None
        if total / Decimal(str(Units(profile.units).volume(float(read.value)))) > _MAX_PRICE:
            raise _price_out_of_range()
    else:
        product = to_cents(read.value * litre.value)
        if total is None:
            total = product
        _check_agreement(read, litre, total, product, currency, profile)
    if not 0 < total <= MAX_AMOUNT:
        raise PamError(INVALID_AMOUNT, "That comes to less than a cent, or to more than 1,000,000.", field="price")
    return FuelPurchase(round(read.value, VOLUME_PLACES), total)


def _check_agreement(
    volume: ReadMeasure, price: ReadMeasure, total: Decimal, product: Decimal, currency: str, profile: Profile
) -> None:
    """Raise `PamError` (`fuel_mismatch`) where the product can't be the total, whatever digits weren't written.

    A volume is taken to be exact to half a per cent at least.
    """
    volume_step = min(volume.step, volume.value / 100)
    tolerance = volume_step / 2 * price.value + price.step / 2 * volume.value + _HALF_CENT
    if abs(volume.value * price.value - total) > tolerance:
        computed, stated = (format_money(amount, currency, profile) for amount in (product, total))
        raise PamError(
            FUEL_MISMATCH,
            f"Volume times price comes to {computed}, not to {stated}. Which of the three is wrong?",
            field="total",
        )


def _per_litre(price: TypedPrice, volume_unit: str, profile: Profile) -> ReadMeasure:
    unit = price.unit or volume_unit
    one = TypedMeasure(f"1 {unit}" if unit else "1", (Decimal(1),))
    litres = FUEL_VOLUME.read(one, profile).value
    step = Decimal(1).scaleb(min(-_MIN_PRICE_DECIMALS, int(price.number.as_tuple().exponent)))
    return ReadMeasure(price.number / litres, step / litres)


def _volume_unit(volume: TypedMeasure | None) -> str:
    return re.sub(r"^[0-9., ]+", "", volume.text) if volume else ""


def _price_out_of_range() -> PamError:
    return PamError(INVALID_QUANTITY, f"The price must be more than 0 and at most {_MAX_PRICE}.", field="price")

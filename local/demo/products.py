"""The products of the demo shop, and its rates. Their names and their rows say that they are simulated."""

from pam.platform.postgres import Connection

# Name, category, price, stock, and the supplier's description.
_PRODUCTS = (
    ("Surge Protector 30 A", "electrical", "89.99", 14, "Guards the rig against surges, open ground and low voltage."),
    ("Surge Protector 50 A", "electrical", "129.99", 6, "The same for 50 A pedestals, with a weather shield."),
    ("Solar Panel 100 W", "electrical", "104.50", 9, "Rigid monocrystalline panel with brackets for a flat roof."),
    ("Drinking Water Hose 25 ft", "plumbing", "27.95", 40, "Lead free, does not kink, fits any city water inlet."),
    ("Water Pressure Regulator", "plumbing", "34.00", 22, "Brass, adjustable, with a gauge. Set to 45 psi."),
    ("Sewer Hose Kit 15 ft", "plumbing", "58.75", 11, "Two hoses, a clear elbow and caps that do not drip."),
    ("Carbon Monoxide Detector", "safety", "42.49", 18, "For CO and propane, wired to 12 V, with a loud alarm."),
    ("Tire Pressure Monitor", "safety", "249.00", 4, "Six sensors for the rig and a towed car, with a display."),
    ("Weight Distribution Hitch", "towing", "389.00", 3, "For trailers up to 10,000 lb, with sway control."),
    ("Induction Cooktop", "kitchen", "79.90", 8, "One plate, 1,300 W, runs on a 15 A outlet."),
    ("Patio Mat 9 x 12 ft", "outdoor", "64.99", 25, "Lets sand through and folds into a bag."),
    ("Leveling Blocks, set of 10", "maintenance", "38.25", 30, "Stack them like bricks under a wheel or a jack."),
)

_INSERT_PRODUCT = """
insert into products (name, category, price, currency, stock, description, simulated)
values (%s, %s, %s, 'USD', %s, %s, true)
on conflict (name) do nothing
"""

_INSERT_RATES = """
insert into shop_rates (currency, tax_percent, shipping_fee, free_shipping_from, source, simulated)
values ('USD', 8.25, 9.95, 150, 'PAM''s shop rates (simulated)', true)
on conflict (currency) do nothing
"""


def load_products(connection: Connection) -> None:
    """Create the products and the rates, those that don't exist yet. Runs in the caller's transaction, as the owner."""
    for name, category, price, stock, description in _PRODUCTS:
        connection.execute(_INSERT_PRODUCT, (f"{name} (simulated)", category, price, stock, description))
    connection.execute(_INSERT_RATES)

"""Users: their settings, time zone, calendar periods, and how amounts and dates are formatted for them."""

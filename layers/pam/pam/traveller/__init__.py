"""Who is asking: zone, currency, language, units."""

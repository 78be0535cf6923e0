"""Stand-ins for Mapbox, Open-Meteo and EIA: the real wire formats, with facts that are simulated and say so."""

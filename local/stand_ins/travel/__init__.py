"""Stand-ins for Mapbox, Open-Meteo, EIA and the ECB: the real wire formats, with data that is marked as simulated."""

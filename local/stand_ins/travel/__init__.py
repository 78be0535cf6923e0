"""Stand-ins for Mapbox, Open-Meteo and EIA: the real wire formats, with simulated data that is marked as such."""

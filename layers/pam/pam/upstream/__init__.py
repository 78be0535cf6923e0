"""Sources that belong to others, one adapter each: Mapbox, Open-Meteo, EIA. Imports nothing of ours but `platform`."""

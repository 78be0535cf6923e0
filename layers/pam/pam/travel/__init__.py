"""Places, roads, weather, fuel and trips: the domain types and the rules. `sources` fetches the data."""

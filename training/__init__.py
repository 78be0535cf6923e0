"""Training of the safety screen's linear model. Nothing here is part of the product."""

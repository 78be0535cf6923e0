"""Load tests: scenarios of many travellers at once, with the faults that may happen meanwhile."""

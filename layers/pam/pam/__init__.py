"""PAM: an assistant for people who live and travel in RVs."""

"""Local replacements of the services of PAM: stores, Postgres, the token issuer, Claude, Gemini, travel sources."""

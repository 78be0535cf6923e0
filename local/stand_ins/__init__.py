"""Local replacements of the services that PAM uses: stores, Postgres, the token issuer, Claude, travel sources."""

"""Controls that keep secrets and other people's instructions out of what PAM stores and does."""

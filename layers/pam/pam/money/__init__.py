"""Expenses, budgets and savings: rules and queries."""

"""Expenses, budgets, savings: the rules and the queries."""

"""Dashboard and alarms, defined once: deployed to CloudWatch from template.yaml, and rendered by the local stack."""

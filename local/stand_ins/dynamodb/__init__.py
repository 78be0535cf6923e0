"""A stand-in for DynamoDB: the operations that PAM uses, with DynamoDB's atomic writes, errors and limits."""

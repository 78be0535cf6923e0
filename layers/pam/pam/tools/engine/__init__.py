"""How tools are defined, parsed, executed and recorded."""

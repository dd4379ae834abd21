"""The protocol: plan, turn, apply, record, recover. Knows no database and no format by name."""

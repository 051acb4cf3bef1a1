"""``make faults``: many small cases on real processes, faults of every kind under them, and a checker that reads what is left."""

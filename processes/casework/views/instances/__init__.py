"""What operators see of process instances: found by anything, one of them whole, what goes wrong, and where time goes."""

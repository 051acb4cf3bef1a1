"""A platform on a broker for whoever follows the README's section for integrators: ``make integrators``."""

"""The tour of the levels: a city and a province, each a deployment of its own, and what one sends the other over TLS.

python -m tests.levels [--only plain|cut|older]
"""

"""The scripted tour: real processes, real RabbitMQ and PostgreSQL, problems played to their ends over HTTP; with kill -9 on demand.

python -m tests.tour [--scenarios DIR] [--seed N] [--kills 60]
"""

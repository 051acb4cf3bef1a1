"""Private servers for tests and for the tour: a RabbitMQ node and a PostgreSQL cluster on free loopback ports."""

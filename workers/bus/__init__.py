"""The two transports behind the bus port: embedded (the outbox table) and AMQP (RabbitMQ)."""

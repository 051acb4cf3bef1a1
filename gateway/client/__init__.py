"""The platform's HTTP API from the other side: what the command line, the demo and the tour speak."""

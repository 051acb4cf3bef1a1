"""Who may do what, and what hostile requests come to: all of it generated from the route table."""

"""Thousands of running cases are taken to another version of their process while engines are killed: none is broken, nearly all are moved."""

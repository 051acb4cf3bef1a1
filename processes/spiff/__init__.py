"""The boundary around SpiffWorkflow 3.2.0: the only package that imports it, and the only one that touches its private parts.

``parser`` turns files into a :class:`~processes.spiff.parser.Process`; ``instance`` runs one; ``codec`` writes its state down. ``mended`` has one
module a construct that the library gets wrong (ARCHITECTURE rule 14).
"""

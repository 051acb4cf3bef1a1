"""Cases that are handled by places of different deployments.

``hosting``: which messages leave for another deployment; ``case_file``: what goes with an escalation; ``dispatch``: what a message becomes
when it leaves; ``arrivals``: what a deployment's messages do here. Diagrams know nothing of it: it is the same child case by message and
wait, wherever the superior place is (ARCHITECTURE rule 10).
"""

"""The audit log (安全审计日志): who did what, when and from where, to what, with which outcome. It is only added to.

For people's acts that matter to security, and looks at personal data; what becomes of cases stands in their own history. Each entry holds the hash
of the one before it, so that nothing can be changed, left out or put in between without being found (``verifying``); triggers of the database
forbid it besides. What is older than the law asks for may be moved into a file (``sealing``), whose hash stays in the log.
"""

"""Who gets in: passwords, wrong tries, logins as rows, the second factor. What each of these demands is data (``accounts.csv``, ``roles.csv``).

Everything that changes an account passes one function here, and each says who did what to whom in the log ``bihuan.accounts``.
"""

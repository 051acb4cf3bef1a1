"""What people may ask of whoever holds data about them (个人信息保护法 第四十五至四十七条): to see it and have a copy, to have it corrected, to
have it deleted.

``finding``: what is held about somebody, and where; ``record``: the same to be read; ``correcting``; ``requests``: one person asks, another
decides; ``sweeping``: what stands in rows that are nobody's; ``erasure``: carries deletions out, bit by bit.
"""

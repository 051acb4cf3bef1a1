"""Who it is about: what a person is known by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from processes.casework.erasing.needles import Needles
from processes.errors import BihuanError

_AROUND = re.compile(r"[\s()（）-]+")
_PHONE = re.compile(r"\+?\d{7,15}\Z", re.ASCII)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+\Z")

LONGEST: Mapping[str, int] = {"phone": 40, "name": 80, "uscc": 18, "email": 120}


class BadIdentity(BihuanError):
    """It is not enough to know somebody by, or not as it is written. ``field``: of the form."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


@dataclass(frozen=True)
class Identity:
    """A phone number, an e-mail address, or a name together with the credit code of the enterprise that it was given for. "" is not known."""

    phone: str = ""
    name: str = ""
    uscc: str = ""
    email: str = ""

    @classmethod
    def of(cls, said: Mapping[str, str]) -> Identity:
        """From a form.

        >>> Identity.of({"phone": " 138-1234-5678"}).phone
        '13812345678'

        :raises BadIdentity: naming the field
        """
        given = {name: said.get(name, "").strip() for name in LONGEST}
        found = cls(_AROUND.sub("", given["phone"]), given["name"], given["uscc"].upper(), given["email"])
        if found.phone and not _PHONE.match(found.phone):
            raise BadIdentity("phone", "“手机号”应是 7 至 15 位数字", "the phone number has 7 to 15 digits")
        if found.email and not _EMAIL.match(found.email):
            raise BadIdentity("email", "“电子邮箱”应写成 name@example.cn", "an e-mail address is name@example.cn")
        for name, most in LONGEST.items():
            if len(getattr(found, name)) > most:
                raise BadIdentity(name, f"最多 {most} 个字", f"at most {most} characters")
        if bool(found.name) != bool(found.uscc):
            field = "uscc" if found.name else "name"
            raise BadIdentity(
                field,
                "姓名要和统一社会信用代码一起填：同名的人很多",
                "a name and the credit code go together: many people have the same name",
            )
        if not (found.phone or found.email or found.name):
            raise BadIdentity("phone", "请填手机号、电子邮箱，或姓名和统一社会信用代码", "say whom it is about")
        return found

    def to_json(self) -> dict[str, str]:
        """As it is kept with a request."""
        return asdict(self)

    def needles(self) -> Needles:
        """What it is found by in texts."""
        return Needles.of([self.phone, self.email], [self.name])

"""What goes wrong when somebody else is to vouch for who logs in."""

from __future__ import annotations

from pathlib import Path

from processes.errors import BihuanError


class NotVouched(BihuanError):
    """The provider's answer proves nothing: it is late, not meant for us, not the provider's own, or there is none."""

    def __init__(self) -> None:
        super().__init__(
            "统一身份认证没有成功，请重新登录；仍不行时，请用账号密码登录，或联系系统管理员。",
            "The provider could not vouch for you: log in again, or by your password, or ask the system administrator.",
        )


class BadProvider(BihuanError):
    """The file of ``OIDC`` can't be used."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"OIDC 文件 {path} 用不了：需要 issuer（以 https:// 开头）、client_id、client_secret、redirect_uri",
            f"The file of OIDC, {path}, needs issuer (https://), client_id, client_secret, redirect_uri.",
        )

"""The enterprises' portal: to report a problem, and to follow one's own. No account, a phone first; nothing that is internal."""

from gateway.portal import acting, following, personal, phone, reporting
from gateway.portal.pages import blueprint

__all__ = ["acting", "blueprint", "following", "personal", "phone", "reporting"]

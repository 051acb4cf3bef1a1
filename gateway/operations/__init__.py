"""对接运行: the pages of those who keep the connections to other systems going. Server-rendered, Chinese, like the staff's."""

from gateway.operations import dead, overview, peers, quarantine, sending
from gateway.operations.pages import blueprint

__all__ = ["blueprint", "dead", "overview", "peers", "quarantine", "sending"]

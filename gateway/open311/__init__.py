"""The channels' API for 浙里办, 支付宝, 微信 and apps: HTTP in the shape of Open311 GeoReport v2, JSON only.

Source: http://wiki.open311.org/GeoReport_v2/. What differs: a place (``jurisdiction_id``) may be left out and is then the
channel's, a location need not be given, a client's own number (``client_request_id``, or the header ``Idempotency-Key``) makes
a repeated request harmless, and there is no XML. A partner sees what came over its own channels, and nothing else.
"""

from gateway.open311 import catalogue, requests
from gateway.open311.access import blueprint

__all__ = ["blueprint", "catalogue", "requests"]

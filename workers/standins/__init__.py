"""The external systems themselves, for development and tests: one little HTTP server, each system with its own state.

============================================ =========================================================================
``POST /<channel>/orders``                   a person files a problem; pushed to the platform as ``<channel>.order``
``GET /<channel>/orders[/<id>]``             orders; one with its whole history
``POST /control/<program>/requests``         浙里办, 支付宝, 微信, app: a person files over the Open311 API
``POST /control/<program>/look``             ``{original or case}``: and looks there what has become of it
``POST /<channel>/orders/<id>/<what>``       the platform: ``refusals``, ``results``, ``questions``, ``progress``
``POST /ratings/requests``                   the platform asks for a rating; ``GET /ratings/requests/<case>``
``POST /seven-lists/problems``               the platform transfers; ``GET /seven-lists/problems/<case>``
``POST /boards/<board>/orders``               the platform gives an order; ``GET /boards/<board>/orders/<case>``
``POST /notices/messages``                   the platform notifies; ``GET /notices/messages?case=&kind=&to=&text=``
``POST /sms/messages``                       the platform sends a text message; ``GET /sms/messages?phone=``
``POST /dingtalk/token|notices``             a token, and with it a work notice; ``GET /dingtalk/notices?user=``
``GET /email/messages?to=``                  what came over SMTP (``--smtp-port``)
``…  /registry/records[/<id>]``              an office's own records: POST, GET, PUT, PATCH, DELETE
``GET /<system>/effects|requests|pushes``    what happened once, what was tried, what was sent to the platform
``POST /control/<channel>/orders``           ``{orders: [{id, title, body, …}]}`` or one order
``POST /control/<channel>/supplement``       ``{original or case, text}``: the enterprise answers a question
``POST /control/<channel>/withdraw``         ``{original or case, reason}``
``POST /control/<channel>/close``            ``{original or case}``: the channel takes nothing more for it
``POST /control/<channel>/script``           ``{original, case or neither, supplements: […]}``: answers questions by itself
``POST /hotline/orders/<id>/extensions``     the platform asks the hotline for more time
``POST /control/hotline/urge``               ``{original or case, reason}``: 催办
``POST /control/hotline/redispatch``         ``{original or case, reason}``: sends an order once more that was given back
``POST /control/hotline/extension``          ``{original or case, granted, reason}``: rules on an extension that was asked for
``POST /control/hotline/call-back``          ``{original or case, level 1 to 5, solved 0 to 2, comment}``: 回访
``POST /control/hotline/script``             ``{…, extensions: [true, false]}``: rules on extensions by itself
``POST /control/ratings/rate``               ``{case, level, comment}``
``POST /ratings/items/<projNo>/rectifications`` the platform tells what it mended; ``GET /ratings/items/<projNo>``
``POST /control/ratings/bad``                ``{projNo, projName, level 1 or 2, comment, …}``: some service was rated badly
``POST /control/ratings/review``             ``{projNo or case, passed, reason}``: 复核
``POST /control/ratings/script``             ``{…, reviews: [true, false]}``: reviews by itself
``POST /control/ratings/script``             ``{…, ratings: [2, {level, comment}, null]}``: one a request
``POST /control/seven-lists/decide``         ``{case, accept, reason}``
``POST /control/seven-lists/stage``          ``{case, stage: measures, rectification or strike_off, note}``
``POST /control/seven-lists/script``         ``{…, steps: [accept, measures, rectification, strike_off], seconds}``
``POST /control/boards/<step>``              ``accept``, ``progress`` {status}, ``result`` {resolution, answer}, ``return`` {request, reason}
``POST /control/boards/refuse``              ``{boards: [id, …]}``: these take no orders
``POST /control/boards/script``              ``{case or neither, steps: [accept, {progress: {status}}, result], seconds}``
``POST /control/<system>/resend``            ``{message}``: sends what the platform refused once more; without one, all
``POST /control/sms|dingtalk|email/unknown`` ``{phones|users|addresses: […]}``: whom the system does not know
``POST /control/dingtalk/expire``            no token is taken any more that was given out
``POST|GET|DELETE /control/faults``          ``{system, kind, times, path, seconds, status, retry_after, size, probability, seed}``
============================================ =========================================================================

A ``POST`` with an ``Idempotency-Key`` has its effect once and answers the same ever after. ``script`` without ``case`` and
``original`` holds for all others and is never used up.
"""

"""Requests by one client for all tests, as making a client of its own for each takes longer than the request."""

from http.cookiejar import DefaultCookiePolicy

import httpx

# A connection for each request and no cookies: what one test did is not seen by the next.
_client = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=10)
_client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

request = _client.request
stream = _client.stream
get = _client.get
head = _client.head
options = _client.options
post = _client.post
put = _client.put
delete = _client.delete

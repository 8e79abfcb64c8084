"""
Ask each of the platform's services something through the gateway of this host, and print how each answered.

    python3 request.py http://127.0.0.1:8000 < gateway.env

Run by the deploy before and after a gateway changes. It prints one JSON object: for each service
``{"status": "up"}`` where the answer came from the service, and for ``requests`` where the gateway
itself refuses who has no token. It needs nothing but Python.
"""

import base64
import concurrent.futures
import hashlib
import hmac
import json
import re
import sys
import time
import urllib.error
import urllib.request


def token(secret):
    """A token that holds for a minute (RFC 7519, HS256), for a user of this name only."""
    now = int(time.time())
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": "deploy-check", "iat": now, "exp": now + 60})
    text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    signature = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def status(url, headers):
    """The status code of an answer; 0 where none came."""
    request = urllib.request.Request(url, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def main(base):
    variables = {}
    for line in sys.stdin:
        name, _, value = line.partition("=")
        if value and not name.startswith("#"):
            # As templates/gateway/gateway.env.j2 writes it: between double quotes, with backslashes.
            variables[name] = re.sub(r"\\(.)", r"\1", value.strip()[1:-1])
    found = status(f"{base}/api/deploy-check", {})
    report = {"requests": {"status": "up" if found in (401, 404) else "down", "answer": found}}
    services = [name.removesuffix("_SERVICE_URL") for name in variables if name.endswith("_SERVICE_URL")]
    # With a key pair only the authentication service can sign a token.
    if variables.get("JWT_ALGORITHM", "HS256").startswith("HS") and "JWT_SECRET_KEY" in variables:
        headers = {"Authorization": f"Bearer {token(variables['JWT_SECRET_KEY'])}"}
        # All at once: each of those that are away is waited for.
        with concurrent.futures.ThreadPoolExecutor(len(services) or 1) as pool:
            answers = pool.map(lambda name: status(f"{base}/api/{name.lower()}/health", headers), services)
        for name, found in zip(services, answers, strict=True):
            report[name.lower()] = {"status": "up" if 0 < found < 500 and found != 401 else "down", "answer": found}
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1])

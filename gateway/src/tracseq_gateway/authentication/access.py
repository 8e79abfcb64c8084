"""Who may do what: public routes, and roles by route and method."""

from dataclasses import dataclass
from functools import lru_cache

from tracseq_gateway.authentication.paths import PLAIN_PATH, PathPattern, normalise_path, parse_pattern

ANY_METHOD = "*"
REMEMBERED_BYTES = 256


@dataclass(frozen=True, slots=True)
class Route:
    """Methods of a path pattern; no methods stand for all."""

    methods: frozenset[bytes]
    pattern: PathPattern

    def matches(self, method: bytes, path: bytes) -> bool:
        """Whether a request falls under the route."""
        return (not self.methods or method in self.methods) and self.pattern.matches(path)


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who falls under the route needs one of the roles."""

    route: Route
    roles: frozenset[str]


class AccessPolicy:
    """Public routes and rules; what no rule speaks of is open to every valid token."""

    def __init__(self, public: tuple[Route, ...], rules: tuple[AccessRule, ...]) -> None:
        self._public = public
        self._rules = rules
        self._remembered = lru_cache(maxsize=4096)(self._is_public)

    def is_public(self, method: bytes, path: bytes) -> bool:
        """Whether a request needs no token; a path with escapes always needs one."""
        # Paths that could fill the memory are not worth remembering.
        return self._remembered(method, path) if len(path) <= REMEMBERED_BYTES else self._is_public(method, path)

    def _is_public(self, method: bytes, path: bytes) -> bool:
        if not PLAIN_PATH.fullmatch(path):
            return False
        normalised = normalise_path(path)
        return any(route.matches(method, normalised) for route in self._public)

    def allows(self, method: bytes, path: bytes, roles: frozenset[str]) -> bool:
        """Whether one of the roles is enough; the first rule that matches decides."""
        if not self._rules:
            return True
        normalised = normalise_path(path)
        for rule in self._rules:
            if rule.route.matches(method, normalised):
                return not rule.roles.isdisjoint(roles)
        return True


def parse_route(text: str) -> Route:
    """Read a route such as ``/api/auth/login``, ``POST /api/auth/*`` or ``GET|HEAD /api/rag/*``.

    Raises:
        ValueError: the text is no such route.
    """
    words = text.split()
    if len(words) not in (1, 2):
        raise ValueError(f"{text!r} is no route; write a path, or methods and a path")
    methods = frozenset(words[0].upper().encode().split(b"|")) if len(words) == 2 else frozenset()
    return Route(methods - {ANY_METHOD.encode()}, parse_pattern(words[-1]))


def parse_rules(text: str) -> tuple[AccessRule, ...]:
    """Read rules such as ``DELETE /api/samples/* admin; * /api/rag/* admin|analyst``.

    Raises:
        ValueError: the text holds something that is no rule.
    """
    rules: list[AccessRule] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        words = part.split()
        if len(words) != 3:
            raise ValueError(f"{part!r} is no rule; write methods, path and roles, as in 'DELETE /api/samples/* admin'")
        rules.append(AccessRule(parse_route(f"{words[0]} {words[1]}"), frozenset(words[2].split("|"))))
    return tuple(rules)

"""Who asks, and whether they may: tokens, revocation, public routes and roles."""

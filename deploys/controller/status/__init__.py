"""How a site is: read from all its hosts at once, judged, and shown to people or programs. Nothing is changed."""

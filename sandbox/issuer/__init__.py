"""A sign-in issuer: OpenID Connect, authorization code with PKCE, and the people of two demo companies."""

"""Pictures, by matplotlib alone. Every function takes ``ax=`` and returns what it drew; none computes a result."""

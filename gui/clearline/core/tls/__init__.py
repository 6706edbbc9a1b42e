"""Certificates, keys and trusted roots: reading them, converting them, finding them. Connects to nothing."""

"""Looks without a check: the certificates that a server presents, a certificate file, what an SRV name stands for."""

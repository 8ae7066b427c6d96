"""What is kept of one person: found, given out, erased, and not taken in again (LGPD, GDPR; ADR 20)."""

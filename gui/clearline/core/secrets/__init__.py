"""What must never show: secrets in memory, the masking of texts, and references that stand for values."""

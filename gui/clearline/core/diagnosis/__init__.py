"""Facts to findings: pure, table-driven, the heart of the product."""

"""The open profiles and what is done with saved ones: kept, listed, renamed, shared, and asked about when leaving."""

"""The open profiles, and what is done with saved ones: kept, listed, imported, exported, asked about at the end."""

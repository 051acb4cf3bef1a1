"""Read models: what the pages and the API show, each with few, indexed, limited queries. Nothing here writes."""

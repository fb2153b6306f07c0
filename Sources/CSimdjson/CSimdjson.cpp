// CSimdjson

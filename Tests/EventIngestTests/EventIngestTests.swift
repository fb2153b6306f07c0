// EventIngest

// ConfigFaults

// DeployRecords

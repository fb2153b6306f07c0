// DeployModel

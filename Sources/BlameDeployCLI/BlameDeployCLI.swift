// BlameDeployCLI

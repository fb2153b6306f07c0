import BlameDeployCLI

Program.main()
